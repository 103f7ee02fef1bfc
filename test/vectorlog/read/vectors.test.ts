/** Float32 rows: which are read together, what is remembered, and what is brought into memory where there is room. */

import { describe, expect, test, vi } from 'vitest';
import { Vectors } from '../../../vectorlog/read/vectors.ts';
import type { ByteRange, ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { gate } from '../../factories/live-index.ts';

const HEADER_BYTES = 45;
const BLOCK = 1_024;

/**
 * Vectors of a file in which all numbers of row `i` are `i`; remembers which rows were read, and waits for `held` before
 * each read.
 *
 * @param isFilled whether anybody looks at the numbers
 */
function vectorsOf(dimensions = 2, isFilled = true) {
  const reads: [start: number, end: number][] = [];
  const most = { atOnce: 0 };
  let atWork = 0;
  const faults = { held: Promise.resolve(), error: undefined as Error | undefined };
  const read = async (key: string, { start, end }: ByteRange, target: Uint8Array): Promise<Uint8Array> => {
    const [first, last] = [start, end].map((at) => (at - HEADER_BYTES) / (dimensions * 4)) as [
      number,
      number,
    ];
    expect([key, Number.isInteger(first), Number.isInteger(last)]).toEqual(['index/1.faiss', true, true]);
    reads.push([first, last]);
    most.atOnce = Math.max(most.atOnce, ++atWork);
    await faults.held;
    atWork--;
    if (faults.error) throw faults.error;
    const numbers = new Float32Array(target.buffer, target.byteOffset, isFilled ? target.byteLength / 4 : 0);
    for (let row = first; row < last; row++)
      numbers.fill(row, (row - first) * dimensions, (row - first + 1) * dimensions);
    return target;
  };
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  // It reads, and nothing else.
  const vectors = new Vectors({ read } as Partial<ObjectStore> as ObjectStore, dimensions, logger);
  vectors.file = 'index/1.faiss';
  const numbersOf = async (...rows: number[]) => (await vectors.read(rows)).map((vector) => [...vector]);
  return { vectors, reads, most, faults, logger, numbersOf };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const rowsBetween = (start: number, end: number, step = 1) =>
  Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step);

describe('rows that an answer needs', () => {
  test('come in the order that they were asked for, those that stand together in one go', async () => {
    const { numbersOf, reads } = vectorsOf();
    expect(await numbersOf(5, 3, 9, 4, 5)).toEqual([
      [5, 5],
      [3, 3],
      [9, 9],
      [4, 4],
      [5, 5],
    ]);
    expect(reads).toEqual([
      [3, 6],
      [9, 10],
    ]);
  });

  test('come in several goes where more than 64 stand together', async () => {
    const { numbersOf, reads } = vectorsOf();
    const found = await numbersOf(...rowsBetween(10, 139));
    expect(found.map(([number]) => number)).toEqual(rowsBetween(10, 139));
    expect(reads).toEqual([
      [10, 74],
      [74, 138],
      [138, 139],
    ]);
  });

  test('come 48 side by side', async () => {
    const { numbersOf, reads, most, faults } = vectorsOf();
    const held = gate();
    faults.held = held.opened;
    const reading = numbersOf(...rowsBetween(0, 200, 2));
    await turn();
    expect(reads).toHaveLength(48);
    held.open();
    expect((await reading).map(([number]) => number)).toEqual(rowsBetween(0, 200, 2));
    expect(most.atOnce).toBe(48);
  });

  test('are read once, also by readers of the same moment', async () => {
    const { numbersOf, reads, faults } = vectorsOf();
    const held = gate();
    faults.held = held.opened;
    const both = [numbersOf(1, 2), numbersOf(2, 3)];
    await turn();
    held.open();
    expect(await Promise.all(both)).toEqual([
      [
        [1, 1],
        [2, 2],
      ],
      [
        [2, 2],
        [3, 3],
      ],
    ]);
    expect(await numbersOf(3, 1)).toEqual([
      [3, 3],
      [1, 1],
    ]);
    expect(reads).toEqual([
      [1, 3],
      [3, 4],
    ]);
  });

  test('do not keep their neighbours in memory', async () => {
    const { vectors } = vectorsOf();
    const [first, second] = await vectors.read([7, 8]);
    expect([first!.buffer.byteLength, second!.buffer.byteLength]).toEqual([8, 8]);
  });

  test('that did not come are read again for the next who asks', async () => {
    const { numbersOf, reads, faults } = vectorsOf();
    faults.error = new Error('lost');
    await expect(numbersOf(1)).rejects.toThrow('lost');
    await turn();
    faults.error = undefined;
    expect(await numbersOf(1)).toEqual([[1, 1]]);
    expect(reads).toHaveLength(2);
  });

  test('are forgotten, those that were used longest ago, when they are more than 32 MiB', async () => {
    // 8 MiB each.
    const { vectors, reads } = vectorsOf(2 ** 21, false);
    for (const row of [0, 2, 4, 6, 0, 8]) await vectors.read([row]);
    await turn();
    expect(reads).toHaveLength(5);
    for (const row of [0, 4, 6, 8]) await vectors.read([row]);
    expect(reads).toHaveLength(5);
    await vectors.read([2]);
    expect(reads.at(-1)).toEqual([2, 3]);
  });
});

describe('rows that follow into memory', () => {
  const BYTES = 2 * 4;

  test('come by blocks, where there is room for all of them, and then those that are new', async () => {
    const { vectors, reads, numbersOf } = vectorsOf();
    vectors.follow(BLOCK + 10, (BLOCK + 10) * BYTES);
    await turn();
    expect(reads).toEqual([
      [0, BLOCK],
      [BLOCK, BLOCK + 10],
    ]);
    expect(await numbersOf(0, BLOCK - 1, BLOCK, BLOCK + 9)).toEqual(
      [0, BLOCK - 1, BLOCK, BLOCK + 9].map((row) => [row, row]),
    );
    expect(reads).toHaveLength(2);
    // One that came after them.
    expect(await numbersOf(BLOCK + 10)).toEqual([[BLOCK + 10, BLOCK + 10]]);
    expect(reads).toHaveLength(3);

    vectors.follow(BLOCK + 16, 2 ** 30);
    vectors.follow(BLOCK + 16, 2 ** 30);
    await turn();
    expect(reads.slice(3)).toEqual([[BLOCK + 10, BLOCK + 16]]);
    expect(await numbersOf(BLOCK + 9, BLOCK + 15)).toEqual([
      [BLOCK + 9, BLOCK + 9],
      [BLOCK + 15, BLOCK + 15],
    ]);
    vectors.follow(BLOCK + 16, 2 ** 30);
    await turn();
    expect(reads).toHaveLength(4);
  });

  test('do not where there is no room, and what is there is given back', async () => {
    const { vectors, reads, numbersOf } = vectorsOf();
    vectors.follow(10, 10 * BYTES - 1);
    await turn();
    expect(reads).toEqual([]);
    vectors.follow(10, 10 * BYTES);
    await turn();
    vectors.follow(11, 10 * BYTES);
    expect(await numbersOf(3)).toEqual([[3, 3]]);
    expect(reads).toEqual([
      [0, 10],
      [3, 4],
    ]);
  });

  test('come four blocks side by side, and no more once they are given back', async () => {
    const { vectors, reads, faults, numbersOf } = vectorsOf();
    const held = gate();
    faults.held = held.opened;
    vectors.follow(6 * BLOCK, 2 ** 30);
    await turn();
    expect(reads).toEqual(rowsBetween(0, 4).map((block) => [block * BLOCK, (block + 1) * BLOCK]));
    vectors.follow(6 * BLOCK, 0);
    held.open();
    await turn();
    expect(reads).toHaveLength(4);
    expect(await numbersOf(5)).toEqual([[5, 5]]);
    expect(reads).toHaveLength(5);
  });

  test('that cannot be read are left to the next time, and the log hears of it', async () => {
    const { vectors, reads, faults, logger, numbersOf } = vectorsOf();
    const error = new Error('lost');
    faults.error = error;
    vectors.follow(10, 2 ** 30);
    await turn();
    expect(logger.warn.mock.calls).toEqual([['rows were not read ahead', { error }]]);
    faults.error = undefined;
    vectors.follow(10, 2 ** 30);
    await turn();
    expect(await numbersOf(9)).toEqual([[9, 9]]);
    expect(reads).toEqual([
      [0, 10],
      [0, 10],
    ]);
  });
});
