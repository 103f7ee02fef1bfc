/** A rows file that comes in several parts, each into its place; parts are small here, since 8 MiB of lines take a while to make. */

import { beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../vectorlog/clock.ts';
import type { Manifest } from '../../../vectorlog/commit/manifest.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { Entries } from '../../../vectorlog/read/entries.ts';
import { Lineage, lineageOf } from '../../../vectorlog/read/lineage.ts';
import { SegmentPool } from '../../../vectorlog/scan/segment.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { putPlainIndex } from '../../factories/plain-index.ts';

const PART = 64;
vi.mock(import('../../../vectorlog/read/memory.ts'), async (original) => {
  const memory = await original();
  return {
    ...memory,
    DOWNLOAD_LIMITS: { ...memory.DOWNLOAD_LIMITS, partBytes: 64 as typeof memory.DOWNLOAD_LIMITS.partBytes },
  };
});

const DIMENSIONS = 32;
const lineOf = (key: string, length: number) => {
  const line = (text: string) => JSON.stringify({ key, eTag: `e ${key}`, text });
  return line(key.repeat(length - line('').length));
};
/** With their newlines: the second one goes over both ends of the second part, and the third begins with a part. */
const LINES = [
  lineOf('a', PART - 11),
  lineOf('b', PART + 29),
  lineOf('c', PART - 10),
  lineOf('d', PART - 10),
];
const BYTES = 4 * PART + 2;

let store: MemoryStore;
let manifest: Manifest;
let reads: string[];

beforeEach(async () => {
  store = new MemoryStore();
  manifest = await putPlainIndex(store, LINES, DIMENSIONS);
  reads = [];
  const read = store.read.bind(store);
  vi.spyOn(store, 'read').mockImplementation((key, range, target) => {
    if (key === manifest.files.rows) reads.push(`${range.start}-${range.end}`);
    return read(key, range, target);
  });
});

const PARTS = ['0-64', '64-128', '128-192', '192-256', `256-${BYTES}`];

test('to those who look for entries', async () => {
  expect(manifest.files.rowsBytes).toBe(BYTES);
  const options = { store, clock: systemClock, logger: silentLogger, dimensions: DIMENSIONS };
  const entries = new Entries({ ...options, budgetBytes: 2 ** 24 });
  const found = await entries.read((view) => ['a', 'b', 'c', 'd'].map((key) => view.find(key)));
  expect(
    found.map((entry) => JSON.stringify({ key: entry!.key, eTag: entry!.eTag, ...entry!.attributes })),
  ).toEqual(LINES);
  expect(reads).toEqual(PARTS);
});

test('to searches', async () => {
  const options = { store, logger: silentLogger, dimensions: DIMENSIONS, pool: new SegmentPool() };
  const lineage = new Lineage(lineageOf(manifest), manifest, options);
  await lineage.advance(manifest);
  expect(LINES.map((_, row) => lineage.lines.line(row).toString())).toEqual(LINES.map((line) => `${line}\n`));
  expect(reads).toEqual(PARTS);
});
