/** Rows in memory: how they come and go, and that codes answer as float32 does. */

import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { CodeMatrix, type ReadVectors } from '../../../vectorlog/scan/code-matrix.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { MatrixClosed, QueryInvalid, ScanFailed } from '../../../vectorlog/scan/errors.ts';
import { mergeHits } from '../../../vectorlog/scan/hit.ts';
import { usableKernels } from '../../../vectorlog/scan/kernel-module.ts';
import { DIRECTIONS, MAX_QUERIES } from '../../../vectorlog/scan/layout.ts';
import { RowMatrix } from '../../../vectorlog/scan/row-matrix.ts';
import type { RowMemoryOptions } from '../../../vectorlog/scan/row-memory.ts';
import { ScanQueue } from '../../../vectorlog/scan/scan-queue.ts';
import { SegmentPool } from '../../../vectorlog/scan/segment.ts';
import { allRowsOf, clusteredRows, DIMENSIONS, random, randomRows, rowOf } from './rows.ts';

const ROW_BYTES = DIMENSIONS * 4;
const queue = new ScanQueue(2);
const kernels = usableKernels().map((name) => ({ name, queue: new ScanQueue(2, name) }));
afterAll(() => Promise.all([queue, ...kernels.map((kernel) => kernel.queue)].map((each) => each.stop())));

const clustered = clusteredRows(5_000, random(1));

function matrixOf(rows: Float32Array, options: RowMemoryOptions = { queue, segmentBlocks: 2 }): RowMatrix {
  const matrix = new RowMatrix(DIMENSIONS, options);
  matrix.append(rows);
  return matrix;
}

async function codesOf(rows: Float32Array, options: RowMemoryOptions = { queue, segmentBlocks: 2 }) {
  const sample = allRowsOf(rows.subarray(0, 500 * DIMENSIONS));
  const frame = await Frame.of(sample, DIMENSIONS);
  const matrix = new CodeMatrix(frame, options);
  matrix.append(frame.encode(rows));
  const read: ReadVectors = async (wanted) => wanted.map((row) => rowOf(rows, row));
  return { matrix, read };
}

describe('rows', () => {
  it('arrive in place, block by block, and are searched when they are committed', async () => {
    const matrix = matrixOf(clustered.subarray(0, 1_000 * DIMENSIONS));
    const incoming = matrix.reserve(4_000);
    const bytes = new Uint8Array(clustered.buffer);
    const query = rowOf(clustered, 4_000);

    expect(incoming.targets.map(({ start, end }) => [start, end])).toEqual([
      [1_000, 1_024],
      [1_024, 2_048],
      [2_048, 3_072],
      [3_072, 4_096],
      [4_096, 5_000],
    ]);
    for (const target of incoming.targets) {
      target.bytes.set(bytes.subarray(target.start * ROW_BYTES, target.end * ROW_BYTES));
      target.install();
    }
    const [before] = await matrix.search([query], { k: 1 });
    incoming.commit();
    const [after] = await matrix.search([query], { k: 1 });

    expect(before![0]!.row).toBeLessThan(1_000);
    expect(after![0]!.row).toBe(4_000);
    expect(matrix.row(4_999)).toEqual(rowOf(clustered, 4_999));
    matrix.close();
  });

  it('of codes arrive a few at a time, in any order, and again after a reservation that was cancelled', async () => {
    const frame = await Frame.of(allRowsOf(clustered.subarray(0, 500 * DIMENSIONS)), DIMENSIONS);
    const matrix = new CodeMatrix(frame, { queue, segmentBlocks: 2 });
    const plain = matrixOf(clustered);
    const records = frame.encode(clustered);
    const { recordBytes } = frame;
    const read: ReadVectors = async (wanted) => wanted.map((row) => rowOf(clustered, row));
    const counts = [1, 300, 12, 455, 0, 256, 1_500, 7, 1_469, 1_000];
    for (const count of counts) {
      for (const isLast of [false, true]) {
        const incoming = matrix.reserve(count);
        for (const { start, end, bytes, install } of [...incoming.targets].reverse()) {
          if (isLast) bytes.set(records.subarray(start * recordBytes, end * recordBytes));
          else bytes.fill(0x5a);
          install();
        }
        if (isLast) incoming.commit();
        else incoming.cancel();
      }
      const rows = { start: 0, end: matrix.length };
      const queries = [0, 77, 3_000].map((i) => rowOf(clustered, i));
      const { hits } = await matrix.search(queries, { k: 10 }, read);
      expect(hits).toEqual(await plain.search(queries, { k: 10, rows }));
    }
    expect(matrix.length).toBe(5_000);
    matrix.close();
    plain.close();
  });

  it('can be searched by ranges, and the answers merged', async () => {
    const matrix = matrixOf(clustered);
    const query = rowOf(clustered, 3_210);
    const ranges = [0, 1_000, 2_003, 5_000].map((start, i, all) => ({ start, end: all[i + 1] ?? start }));
    const answers = [];
    for (const rows of ranges) answers.push((await matrix.search([query], { k: 20, rows }))[0]!);
    const [odd] = await matrix.search([query], { k: 1_000, rows: { start: 3_207, end: 3_214 } });

    expect(mergeHits(answers, 20)).toEqual((await matrix.search([query], { k: 20 }))[0]);
    expect(odd!.map(({ row }) => row).sort()).toEqual([3207, 3208, 3209, 3210, 3211, 3212, 3213]);
    matrix.close();
  });

  it('leave their place to others when a reservation is cancelled', () => {
    const matrix = matrixOf(clustered.subarray(0, 10 * DIMENSIONS));
    matrix.reserve(5).cancel();
    matrix.append(clustered.subarray(20 * DIMENSIONS, 21 * DIMENSIONS));

    expect(matrix.length).toBe(11);
    expect(matrix.row(10)).toEqual(rowOf(clustered, 20));
    expect(() => matrix.row(11)).toThrow(RangeError);
    matrix.close();
  });

  it('take one reservation at a time', () => {
    const matrix = new RowMatrix(DIMENSIONS, { queue });
    matrix.reserve(1);
    expect(() => matrix.reserve(1)).toThrow('open already');
    matrix.close();
  });

  it('leave their memory to the next of their pool, whatever its kind', async () => {
    const pool = new SegmentPool();
    const first = matrixOf(clustered, { queue, pool });
    const searched = first.search([rowOf(clustered, 1)], { k: 1 });
    first.close();
    await expect(first.search([rowOf(clustered, 1)], { k: 1 })).rejects.toThrow(MatrixClosed);
    expect((await searched)[0]![0]!.row).toBe(1);
    await expect.poll(() => pool.idleBytes).toBeGreaterThan(0);
    const { bytes } = pool;

    const next = await codesOf(clustered.subarray(0, 3_000 * DIMENSIONS), { queue, pool });
    expect(pool.bytes).toBe(bytes);
    expect(pool.idleBytes).toBe(0);
    const { hits } = await next.matrix.search([rowOf(clustered, 7)], { k: 1 }, next.read);
    expect(hits[0]![0]!.row).toBe(7);
    next.matrix.close();
  });

  it('take the idle memory that fits best, so that a pool never grows past what is used side by side', async () => {
    const pool = new SegmentPool();
    const make = (rows: number) => matrixOf(clustered.subarray(0, rows * DIMENSIONS), { queue, pool });
    const close = async (matrix: RowMatrix) => {
      const before = pool.idleBytes;
      matrix.close();
      await expect.poll(() => pool.idleBytes).toBeGreaterThan(before);
    };
    const [large, small] = [make(5_000), make(1_000)];
    await close(large);
    await close(small);
    const together = pool.idleBytes;

    const again = [make(900), make(4_900)];
    expect(pool.idleBytes).toBe(0);
    for (const matrix of again) await close(matrix);
    expect(pool.idleBytes).toBe(together);
  });

  it('have a stated size', () => {
    expect(RowMatrix.bytesFor(1_048_576, 2048) / 1_048_576).toBeLessThan(8_200);
    const perRow = CodeMatrix.bytesFor(1_048_576, 2048, DIRECTIONS) / 1_048_576;
    expect(perRow).toBeGreaterThan(2_096);
    expect(perRow).toBeLessThan(2_101);
  });

  it.each([0, 16, 100, 8_224])('of %i dimensions are refused', (dimensions) => {
    expect(() => new RowMatrix(dimensions, { queue })).toThrow(RangeError);
  });
});

describe('an answer', () => {
  it.each(kernels)(
    'is the same to the bit by codes and by float32, with the kernel $name',
    async ({ queue }) => {
      const options = { queue, segmentBlocks: 2 };
      for (const rows of [clustered, randomRows(5_000, random(2))]) {
        const plain = matrixOf(rows, options);
        const { matrix, read } = await codesOf(rows, options);
        for (const k of [1, 10, 300]) {
          const queries = [3, 2_500, 4_999, 17, 1_234].map((i) => rowOf(rows, i));
          const { hits } = await matrix.search(queries, { k }, read);
          expect(hits).toEqual(await plain.search(queries, { k }));
        }
        matrix.close();
        plain.close();
      }
    },
  );

  it('reads few rows of a cluster as float32, and says how many', async () => {
    const { matrix, read } = await codesOf(clustered);
    const result = await matrix.search([rowOf(clustered, 77)], { k: 10 }, read);

    expect(result.read).toBeGreaterThanOrEqual(10);
    expect(result.read).toBeLessThan(100);
    matrix.close();
  });

  it('is right when codes rule out nothing at all', async () => {
    // Two rows a hair apart, thousands of times: no interval is narrow enough to tell them apart.
    const rows = clustered.slice();
    for (let i = 1; i < 5_000; i++) {
      rows.copyWithin(i * DIMENSIONS, 0, DIMENSIONS);
      rows[i * DIMENSIONS + (i % 100)]! += 1e-7 * i;
    }
    const plain = matrixOf(rows);
    const { matrix, read } = await codesOf(rows);
    const query = rowOf(rows, 0);

    const { hits } = await matrix.search([query], { k: 10 }, read);
    expect(hits).toEqual(await plain.search([query], { k: 10 }));
    matrix.close();
    plain.close();
  });

  it('orders equal scores by row', async () => {
    const rows = clustered.slice(0, 3_000 * DIMENSIONS);
    for (const copy of [2_999, 2_000, 1_023, 1_024, 5]) rows.copyWithin(copy * DIMENSIONS, 0, DIMENSIONS);
    const plain = matrixOf(rows);
    const { matrix, read } = await codesOf(rows);
    const { hits } = await matrix.search([rowOf(rows, 0)], { k: 4 }, read);
    expect(hits[0]!.map(({ row }) => row)).toEqual([0, 5, 1_023, 1_024]);
    expect(await plain.search([rowOf(rows, 0)], { k: 4 })).toEqual(hits);
    matrix.close();
    plain.close();
  });

  it('leaves out what scores below minScore', async () => {
    const plain = matrixOf(clustered);
    const { matrix, read } = await codesOf(clustered);
    const query = rowOf(clustered, 42);
    const all = (await plain.search([query], { k: 1_000 }))[0]!;
    const minScore = all[24]!.score;
    const expected = all.filter(({ score }) => score >= minScore);

    expect((await matrix.search([query], { k: 1_000, minScore }, read)).hits[0]).toEqual(expected);
    expect((await plain.search([query], { k: 1_000, minScore }))[0]).toEqual(expected);
    matrix.close();
    plain.close();
  });

  it('keeps the rows that it began with when the set changes meanwhile', async () => {
    const matrix = matrixOf(clustered);
    const query = rowOf(clustered, 8);
    const allowed = new Bitset(0).complement(5_000);
    const running = matrix.search([query], { k: 1, allowed });
    allowed.delete(8);

    expect((await running)[0]![0]!.row).toBe(8);
    expect((await matrix.search([query], { k: 1, allowed }))[0]![0]!.row).not.toBe(8);
    matrix.close();
  });

  it('never holds a row that is not finite', async () => {
    const rows = clustered.slice(0, 3_000 * DIMENSIONS);
    rows[100 * DIMENSIONS + 7] = Number.NaN;
    rows[200 * DIMENSIONS + 7] = Number.NaN;
    const plain = matrixOf(rows);
    const { matrix, read } = await codesOf(rows);
    const { hits } = await matrix.search([rowOf(rows, 50)], { k: 1_000 }, read);
    expect(hits[0]!.some(({ row }) => row === 100 || row === 200)).toBe(false);
    expect(hits[0]!.length).toBe(1_000);
    expect(await plain.search([rowOf(rows, 50)], { k: 1_000 })).toEqual(hits);
    matrix.close();
    plain.close();
  });

  it('is found in one row of thousands when only that is allowed', async () => {
    const plain = matrixOf(clustered);
    const { matrix, read } = await codesOf(clustered);
    const allowed = new Bitset(4_001, new Uint8Array(501));
    allowed.add(3_999);
    // Bits behind the last one mean nothing.
    allowed.bytes[500] = 0xfe;
    const queries = allRowsOf(clustered.subarray(0, 5 * DIMENSIONS));
    const { hits } = await matrix.search(queries, { k: 3, allowed }, read);

    expect(hits.map((some) => some.map(({ row }) => row))).toEqual(Array(5).fill([3_999]));
    expect(await plain.search(queries, { k: 3, allowed })).toEqual(hits);
    matrix.close();
    plain.close();
  });

  it('is each its own when many are asked for at once', async () => {
    const plain = matrixOf(clustered);
    const { matrix, read } = await codesOf(clustered);
    const asked = Array.from({ length: 100 }, (_, i) => i * 49);
    const optionsOf = (i: number) => ({ k: 1 + (i % 7), minScore: i % 2 ? 0.9 : -1 });
    const answers = await Promise.all(
      asked.map((i) => matrix.search([rowOf(clustered, i)], optionsOf(i), read)),
    );
    for (const [at, i] of asked.entries())
      expect(answers[at]!.hits).toEqual(await plain.search([rowOf(clustered, i)], optionsOf(i)));
    matrix.close();
    plain.close();
  });

  it('fails when a row cannot be read', async () => {
    const { matrix } = await codesOf(clustered);
    const lost = () => Promise.reject(new Error('lost'));
    await expect(matrix.search([rowOf(clustered, 1)], { k: 1 }, lost)).rejects.toThrow('lost');
    matrix.close();
  });

  it('fails when a thread dies, and comes from new threads the next time', async () => {
    const mortal = new ScanQueue(2);
    const matrix = matrixOf(clustered, { queue: mortal });
    const query = rowOf(clustered, 4);
    await matrix.search([query], { k: 1 });

    // As many as one pass takes: it lasts far longer than a thread takes to die.
    const interrupted = matrix.search(new Array<Float32Array>(MAX_QUERIES).fill(query), { k: 1 });
    queueMicrotask(() => queueMicrotask(() => mortal.stop()));
    await expect(interrupted).rejects.toThrow(ScanFailed);

    expect((await matrix.search([query], { k: 1 }))[0]![0]!.row).toBe(4);
    matrix.close();
    await mortal.stop();
  });

  it('comes from new threads when one died while nobody searched', async () => {
    const mortal = new ScanQueue(2);
    const matrix = matrixOf(clustered, { queue: mortal });
    const query = rowOf(clustered, 4);
    const posts = vi.spyOn(Worker.prototype, 'postMessage');
    await matrix.search([query], { k: 1 });
    const [worker] = posts.mock.contexts as Worker[];
    posts.mockRestore();
    await worker!.terminate();

    expect((await matrix.search([query], { k: 1 }))[0]![0]!.row).toBe(4);
    matrix.close();
    await mortal.stop();
  });

  it('is empty when there is no row', async () => {
    const matrix = new RowMatrix(DIMENSIONS, { queue });
    expect(await matrix.search([rowOf(clustered, 0)], { k: 5 })).toEqual([[]]);
    matrix.close();
  });
});

describe('a query', () => {
  it.each([
    ['too short', new Float32Array(2_047)],
    ['too long', new Float32Array(2_049)],
    ['with NaN', new Float32Array(DIMENSIONS).fill(Number.NaN)],
    ['with an infinity', new Float32Array(DIMENSIONS).fill(Number.POSITIVE_INFINITY)],
  ])('%s is refused', async (_, query) => {
    const plain = matrixOf(clustered.subarray(0, DIMENSIONS));
    const { matrix, read } = await codesOf(clustered.subarray(0, DIMENSIONS));
    await expect(plain.search([query], { k: 1 })).rejects.toThrow(QueryInvalid);
    await expect(matrix.search([query], { k: 1 }, read)).rejects.toThrow(QueryInvalid);
    matrix.close();
    plain.close();
  });

  it.each([0, 1_001, 1.5, Number.NaN])('for %f hits is refused', async (k) => {
    const matrix = matrixOf(clustered.subarray(0, DIMENSIONS));
    await expect(matrix.search([rowOf(clustered, 0)], { k })).rejects.toThrow(RangeError);
    matrix.close();
  });
});
