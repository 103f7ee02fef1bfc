/** The demonstration's pictures: files with names that people can read. */

import { expect, test } from 'vitest';
import { demoNames, demoSource, readableNames } from '../../local/demo-pictures.ts';

test('names say what a drawing shows', () => {
  const readable = readableNames();
  expect(readable('1f600.webp')).toBe('grinning face.webp');
  expect(readable('1f44b-1f3ff.webp')).toBe('waving hand, dark skin tone.webp');
  expect(readable('not-a-code.webp')).toBe('not-a-code.webp');
});

test('no two of the demonstration have the same name, and none keeps its code points', async () => {
  const names = (await demoNames(demoSource()!)).map(readableNames());
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => /^[0-9a-f]{4,5}(?:-|\.)/.test(name))).toEqual([]);
});
