/** docs/cost.md is what the model says. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { likeness, searchMegabytes } from '../../scripts/cost/model.ts';
import { costPage } from '../../scripts/cost/page.ts';

test('the page is up to date; npm run cost writes it', () => {
  expect(readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8')).toBe(costPage());
});

test('more pictures and more searches never cost less', () => {
  const costs = [0, 1_000, 1_000_000].map((searches) => likeness({ pictures: 1_000, searches }));
  expect(costs).toEqual([...costs].sort((a, b) => a - b));
  expect(searchMegabytes(100_000)).toBeLessThanOrEqual(searchMegabytes(1_000_000));
});
