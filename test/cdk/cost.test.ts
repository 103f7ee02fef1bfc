/** docs/cost.md is what the model says, and the model knows every resource of the templates. */

import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { RESULTS, readResults } from '../../bench/page/results.ts';
import { idleUsage, ResourceUnpriced } from '../../scripts/cost/idle.ts';
import {
  backfilling,
  ELSEWHERE,
  likeness,
  looking,
  searching,
  searchMegabytes,
  upload,
} from '../../scripts/cost/model.ts';
import { withOption } from '../../scripts/cost/options.ts';
import { costPage, GOALS, readmeLine } from '../../scripts/cost/page.ts';
import { templatesOf } from '../../scripts/cost/templates.ts';
import { total } from '../../scripts/cost/usage.ts';

vi.setConfig({ testTimeout: 240_000 });

test('the page is up to date; npm run cost writes it', () => {
  expect(readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8')).toBe(costPage());
});

describe('a month in which nothing happens costs', () => {
  test('something: a template that had not been read would cost nothing', () => {
    const usage = idleUsage(templatesOf());
    // A queue that is read costs a quarter of a dollar.
    expect(total(usage)).toBeGreaterThan(0.2);
  });

  test('not a cent more with a state machine that nobody starts', () => {
    const usage = idleUsage(templatesOf(withOption('backfill')));
    expect(total(usage)).toBeCloseTo(total(idleUsage(templatesOf())), 10);
  });

  test('more with what is bought besides', () => {
    const plain = total(idleUsage(templatesOf()));
    for (const option of ['alarms', 'dashboard', 'tracing', 'keepWarm'] as const)
      expect(total(idleUsage(templatesOf(withOption(option)))), option).toBeGreaterThan(plain);
  });

  test('what nobody knows for a resource without a line', () => {
    expect(() => idleUsage([{ Gateway: { Type: 'AWS::EC2::NatGateway' } }])).toThrow(ResourceUnpriced);
  });
});

test.each(GOALS)('$what costs at most $most', ({ is, most }) => {
  expect(is()).toBeLessThanOrEqual(most);
});

test('the README says what the page says', () => {
  expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(readmeLine());
});

test('the page of the benchmarks has these costs; npm run bench -- --only cost writes it', () => {
  const { months } = readResults(RESULTS, ['cost']).cost!.figures;
  expect(months.length).toBeGreaterThan(0);
  for (const { usd, ...month } of months) {
    for (const [name, cost] of Object.entries({ Likeness: likeness, ...ELSEWHERE }))
      expect(usd[name], name).toBeCloseTo(cost(month), 6);
  }
});

test('a look by thumbnails costs a small part of one by originals', () => {
  expect(total(looking(10_000))).toBeLessThan(total({ transferOut: 40 }) / 20);
});

test('an eventual search costs less than a strong one, and is not taken for one that asks nothing', () => {
  const month = { pictures: 100_000, searches: 1_000_000, by: 'key' } as const;
  const lists = (consistency: 'strong' | 'eventual') => total(searching({ ...month, consistency }).lists!);
  expect(lists('eventual')).toBeLessThan(lists('strong'));
  expect(lists('eventual')).toBeGreaterThan(0);
});

test('more pictures and more searches never cost less', () => {
  const costs = [0, 1_000, 1_000_000].map((searches) => likeness({ pictures: 1_000, searches }));
  expect(costs).toEqual([...costs].sort((a, b) => a - b));
  expect(searchMegabytes(100_000)).toBeLessThanOrEqual(searchMegabytes(1_000_000));
  expect(total(upload('direct'))).toBeGreaterThan(total(upload()));
});

test('a backfill in the cloud costs little beside the embedding that it asks for', () => {
  const million = total(backfilling(1_000_000));
  expect(million).toBeGreaterThan(0.05);
  expect(million).toBeLessThan(0.05 * 1e6 * total(upload()));
});

test('the run that a deployment starts over an empty bucket costs nothing to speak of', () => {
  const empty = total(backfilling(0));
  expect(empty).toBeGreaterThan(0);
  expect(empty).toBeLessThan(0.001);
});

test('our API before S3 Vectors costs more than S3 Vectors alone', () => {
  const month = { pictures: 4_000_000, searches: 1_000_000 };
  expect(ELSEWHERE['S3 Vectors behind our API'](month)).toBeGreaterThan(ELSEWHERE['S3 Vectors'](month));
});
