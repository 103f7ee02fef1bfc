import { describe, expect, test } from 'vitest';
import { budgetOf, neededBytes } from '../../../vectorlog/read/memory.ts';
import { DIRECTIONS, recordBytes } from '../../../vectorlog/scan/layout.ts';

const MiB = 2 ** 20;
/** Bytes of a line of the rows file. */
const LINE = 220;

const needed = (rows: number): number =>
  neededBytes(
    {
      rows,
      files: { faiss: 'f', rows: 'r', dead: 'd', codes: 'c', directions: DIRECTIONS, rowsBytes: rows * LINE },
    },
    2048,
  );

describe('what an index takes', () => {
  test('is small enough for a million pictures in a function of 3,008 MB', () => {
    expect(needed(1_000_000)).toBeLessThanOrEqual(budgetOf(3_008 * MiB));
  });

  test('is small enough for four millions in one of 10,240 MB', () => {
    expect(needed(4_000_000)).toBeLessThanOrEqual(budgetOf(10_240 * MiB));
  });

  test('counts the hash table of the keys as large as it is', () => {
    const table = (rows: number) => needed(rows) - rows * (recordBytes(2048, DIRECTIONS) + LINE + 4);
    // At most half full: 2^20 keys have 2^21 slots of 8 bytes, one more key has twice as many.
    expect(table(2 ** 20 + 1) - table(2 ** 20)).toBeGreaterThan(2 ** 24 - 65_536);
  });

  test('is something for an index without rows', () => {
    expect(needed(0)).toBeGreaterThan(0);
  });
});
