import { totalmem } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  budgetOf,
  linesBytes,
  machineBytes,
  matrixBytes,
  neededBytes,
  ReferenceCount,
} from '../../../vectorlog/read/memory.ts';
import { DIRECTIONS, recordBytes } from '../../../vectorlog/scan/layout.ts';

const MiB = 2 ** 20;
/** Bytes of a line of the rows file. */
const LINE = 220;

const sized = (rows: number, more: { codes?: string; directions?: number }) => ({
  rows,
  files: { faiss: 'f', rows: 'r', dead: 'd', rowsBytes: rows * LINE, ...more },
});
const withCodes = (rows: number) => sized(rows, { codes: 'c', directions: DIRECTIONS });
const needed = (rows: number): number => neededBytes(withCodes(rows), 2048);

afterEach(() => vi.restoreAllMocks());

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

  test.each([
    // 220,000 of lines, 4,000 of their starts, 2,048 slots of 8 bytes.
    [1_000, 220_000 + 4_000 + 16_384, 2_500],
    // The bits of one row more are a byte more, in each of 20 sets.
    [1_001, 220_220 + 4_004 + 16_384, 2_520],
    [1, 220 + 4 + 8_192, 20],
    [0, 8_192, 0],
  ])('is for %i rows that of their codes, %i bytes of lines, and %i of bits', (rows, lines, bits) => {
    const index = withCodes(rows);
    expect(linesBytes(index)).toBe(lines);
    expect(neededBytes(index, 2048) - matrixBytes(index, 2048)).toBe(lines + bits);
  });

  test('is that of float32 rows where there are no codes, and of what codes keep apart', () => {
    const rows = 100_000;
    const [floats, codes, directed] = [
      matrixBytes(sized(rows, {}), 2048),
      matrixBytes(sized(rows, { codes: 'c' }), 2048),
      matrixBytes(withCodes(rows), 2048),
    ];
    // But for whole pages, whole units, and room for queries.
    const room = 4 * MiB;
    expect(floats - rows * 8_192).toBeGreaterThan(0);
    expect(floats - rows * 8_192).toBeLessThan(room);
    expect(codes - rows * 2_080).toBeGreaterThan(0);
    expect(codes - rows * 2_080).toBeLessThan(room);
    expect(directed - codes).toBeGreaterThan(rows * 16 - 65_536);
    expect(directed - codes).toBeLessThan(rows * 16 + 2 * 65_536);
  });
});

describe('what a process may use', () => {
  test.each([
    [768 * MiB + 5, 5],
    [768 * MiB, 0],
    [767 * MiB, 0],
    [0, 0],
  ])('of %i bytes in all, %i are for an index', (total, budget) => {
    expect(budgetOf(total)).toBe(budget);
  });

  test.each([
    ['what its container gets', 1_000_000, 750_000],
    ['the machine, where there is no container', 0, 0.75 * totalmem()],
    ['the machine, where a container may have more than that', 2 ** 63, 0.75 * totalmem()],
  ])('is three quarters of %s', (_, constrained, bytes) => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(constrained);
    expect(machineBytes()).toBe(bytes);
  });
});

test('memory is given back once, when the last of its users lets go', async () => {
  const close = vi.fn();
  const closed = vi.fn();
  const count = new ReferenceCount(close);
  void count.closed.then(closed);
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  count.retain();
  count.retain();
  count.release();
  count.release();
  await turn();
  expect(close).not.toHaveBeenCalled();
  expect(closed).not.toHaveBeenCalled();

  count.release();
  expect(close).toHaveBeenCalledTimes(1);
  await turn();
  expect(closed).toHaveBeenCalledTimes(1);
});
