import { afterAll, describe, expect, it } from 'vitest';
import { DIMENSIONS, ROW_BYTES } from '../../../pictures/dimensions.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { MatrixClosed, QueryInvalid, ScanFailed } from '../../../vectorlog/scan/errors.ts';
import { mergeHits } from '../../../vectorlog/scan/hit.ts';
import { MAX_QUERIES } from '../../../vectorlog/scan/layout.ts';
import { RowMatrix } from '../../../vectorlog/scan/row-matrix.ts';
import { ScanQueue } from '../../../vectorlog/scan/scan-queue.ts';
import { allRowsOf, clusteredRows, random, randomRows, rowOf } from './rows.ts';

const queue = new ScanQueue(2);
afterAll(() => queue.stop());

const coded = (matrix: RowMatrix): Promise<void> =>
  expect.poll(() => matrix.coded, { timeout: 30_000 }).toBe(matrix.length);

function matrixOf(rows: Float32Array): RowMatrix {
  const matrix = new RowMatrix({ queue, segmentBlocks: 2 });
  matrix.append(rows);
  return matrix;
}

const clustered = clusteredRows(5_000, random(1));

describe('the rows of a matrix', () => {
  it('arrive in place, block by block, and are searched after the commit', async () => {
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
    }
    const before = await matrix.search([query], { k: 1 });
    incoming.commit();
    const after = await matrix.search([query], { k: 1 });

    expect(before.scanned).toBe(1_000);
    expect(before.hits[0]![0]!.row).toBeLessThan(1_000);
    expect(after.scanned).toBe(5_000);
    expect(after.hits[0]![0]!.row).toBe(4_000);
    expect(matrix.row(4_999)).toEqual(rowOf(clustered, 4_999));
    matrix.close();
  });

  it('can be searched by ranges before they are all there, and the answers merged', async () => {
    const matrix = new RowMatrix({ queue, segmentBlocks: 2 });
    const incoming = matrix.reserve(5_000);
    const query = rowOf(clustered, 3_210);
    const answers = [];
    for (const { start, end, bytes } of incoming.targets) {
      bytes.set(new Uint8Array(clustered.buffer, start * ROW_BYTES, (end - start) * ROW_BYTES));
      answers.push((await matrix.search([query], { k: 20, rows: { start, end } })).hits[0]!);
    }
    const odd = await matrix.search([query], { k: 5_000 / 5, rows: { start: 3_207, end: 3_214 } });
    incoming.commit();

    expect(mergeHits(answers, 20)).toEqual((await matrix.search([query], { k: 20 })).hits[0]);
    expect(odd.hits[0]!.map(({ row }) => row).sort()).toEqual([3207, 3208, 3209, 3210, 3211, 3212, 3213]);
    matrix.close();
  });

  it('leave their place to others when a reservation is cancelled', async () => {
    const matrix = matrixOf(clustered.subarray(0, 10 * DIMENSIONS));
    matrix.reserve(5).cancel();
    matrix.append(clustered.subarray(20 * DIMENSIONS, 21 * DIMENSIONS));

    expect(matrix.length).toBe(11);
    expect(matrix.row(10)).toEqual(rowOf(clustered, 20));
    expect(() => matrix.row(11)).toThrow(RangeError);
    matrix.close();
  });

  it('take one reservation at a time', () => {
    const matrix = new RowMatrix({ queue });
    matrix.reserve(1);
    expect(() => matrix.reserve(1)).toThrow('open already');
    matrix.close();
  });

  it('leave their memory to the next matrix when it is closed', async () => {
    const first = matrixOf(clustered);
    const { buffer } = first.row(0);
    const searched = first.search([rowOf(clustered, 1)], { k: 1 });
    first.close();
    await expect(first.search([rowOf(clustered, 1)], { k: 1 })).rejects.toThrow(MatrixClosed);
    expect((await searched).hits[0]![0]!.row).toBe(1);

    const buffers = new Set<ArrayBufferLike>();
    for (let i = 0; i < 40; i++) {
      const next = matrixOf(clustered.subarray(0, DIMENSIONS));
      buffers.add(next.row(0).buffer);
      await next.search([rowOf(clustered, 0)], { k: 1 });
      next.close();
    }
    expect(buffers.has(buffer)).toBe(true);
    expect(buffers.size).toBeLessThan(40);
  });

  it('have a stated size', () => {
    const perRow = RowMatrix.bytesFor(1_048_576) / 1_048_576;
    expect(perRow).toBeGreaterThan(8_192 + 2_048 + 16);
    expect(perRow).toBeLessThan(10_320);
    expect(RowMatrix.bytesFor(1_048_576, { codes: false }) / 1_048_576).toBeLessThan(8_200);
  });
});

describe('an answer', () => {
  it('is the same to the bit with codes and without', async () => {
    for (const rows of [clustered, randomRows(5_000, random(2))]) {
      const matrix = matrixOf(rows);
      await coded(matrix);
      for (const k of [1, 10, 300]) {
        const queries = [3, 2_500, 4_999].map((i) => rowOf(rows, i));
        const plain = await matrix.search(queries, { k, useCodes: false });
        const quick = await matrix.search(queries, { k });
        expect(quick.hits).toEqual(plain.hits);
        expect(plain.judged).toBe(0);
        expect(quick.judged).toBe(quick.fallback ? 0 : 15_000);
      }
      matrix.close();
    }
  });

  it('scores few rows of a cluster again, and says how many', async () => {
    const matrix = matrixOf(clustered);
    await coded(matrix);
    const { judged, rescored, fallback } = await matrix.search([rowOf(clustered, 77)], { k: 10 });

    expect({ judged, fallback }).toEqual({ judged: 5_000, fallback: false });
    expect(rescored).toBeGreaterThanOrEqual(10);
    expect(rescored).toBeLessThan(500);
    matrix.close();
  });

  it('falls back to the full scan when the codes rule out too little, and says so', async () => {
    // Two rows a hair apart, thousands of times: no interval is narrow enough to tell them apart.
    const rows = clustered.slice();
    for (let i = 1; i < 5_000; i++) {
      rows.copyWithin(i * DIMENSIONS, 0, DIMENSIONS);
      rows[i * DIMENSIONS + (i % 100)]! += 1e-7 * i;
    }
    const matrix = matrixOf(rows);
    await coded(matrix);
    const query = rowOf(rows, 0);
    const quick = await matrix.search([query], { k: 10 });

    expect(quick.fallback).toBe(true);
    expect(quick.hits).toEqual((await matrix.search([query], { k: 10, useCodes: false })).hits);
    matrix.close();
  });

  it('orders equal scores by row', async () => {
    const rows = clustered.slice(0, 3_000 * DIMENSIONS);
    for (const copy of [2_999, 2_000, 1_023, 1_024, 5]) rows.copyWithin(copy * DIMENSIONS, 0, DIMENSIONS);
    const matrix = matrixOf(rows);
    await coded(matrix);
    for (const useCodes of [true, false]) {
      const { hits } = await matrix.search([rowOf(rows, 0)], { k: 4, useCodes });
      expect(hits[0]!.map(({ row }) => row)).toEqual([0, 5, 1_023, 1_024]);
    }
    matrix.close();
  });

  it('leaves out what scores below minScore', async () => {
    const matrix = matrixOf(clustered);
    await coded(matrix);
    const query = rowOf(clustered, 42);
    const all = (await matrix.search([query], { k: 1_000 })).hits[0]!;
    const { score } = all[24]!;

    for (const useCodes of [true, false]) {
      const { hits } = await matrix.search([query], { k: 1_000, minScore: score, useCodes });
      expect(hits[0]).toEqual(all.filter((hit) => hit.score >= score));
    }
    matrix.close();
  });

  it('keeps what it began with when rows die meanwhile', async () => {
    const matrix = matrixOf(clustered);
    const query = rowOf(clustered, 8);
    const running = matrix.search([query], { k: 1 });
    matrix.setDead(8);

    expect((await running).hits[0]![0]!.row).toBe(8);
    expect((await matrix.search([query], { k: 1 })).hits[0]![0]!.row).not.toBe(8);
    expect(matrix.isDead(8)).toBe(true);
    expect(matrix.isDead(9)).toBe(false);
    matrix.close();
  });

  it('never holds a row that is not finite', async () => {
    const rows = clustered.slice(0, 3_000 * DIMENSIONS);
    rows[100 * DIMENSIONS + 7] = Number.NaN;
    rows[200 * DIMENSIONS + 7] = Number.NaN;
    const matrix = matrixOf(rows);
    await coded(matrix);
    for (const useCodes of [true, false]) {
      const { hits } = await matrix.search([rowOf(rows, 50)], { k: 1_000, useCodes });
      expect(hits[0]!.some(({ row }) => row === 100 || row === 200)).toBe(false);
      expect(hits[0]!.length).toBe(1_000);
    }
    matrix.close();
  });

  it('is found in one row of thousands when only that is allowed', async () => {
    const matrix = matrixOf(clustered);
    await coded(matrix);
    const allowed = new Bitset(4_000);
    allowed.add(3_999);
    // Bits behind the last one mean nothing.
    allowed.bytes[allowed.bytes.length - 1]! |= 0;
    const { hits, scanned } = await matrix.search(allRowsOf(clustered.subarray(0, 5 * DIMENSIONS)), {
      k: 3,
      allowed,
    });

    expect(scanned).toBe(1);
    expect(hits.map((some) => some.map(({ row }) => row))).toEqual(Array(5).fill([3_999]));
    matrix.close();
  });

  it('is each its own when many are asked for at once', async () => {
    const matrix = matrixOf(clustered);
    await coded(matrix);
    const asked = Array.from({ length: 100 }, (_, i) => i * 49);
    const answers = await Promise.all(
      asked.map((i) =>
        matrix.search([rowOf(clustered, i)], {
          k: 1 + (i % 7),
          minScore: i % 2 ? 0.9 : -1,
          useCodes: i % 3 > 0,
        }),
      ),
    );
    for (const [at, i] of asked.entries()) {
      const options = { k: 1 + (i % 7), minScore: i % 2 ? 0.9 : -1 };
      expect(answers[at]!.hits).toEqual((await matrix.search([rowOf(clustered, i)], options)).hits);
    }
    matrix.close();
  });

  it('fails when a thread dies, and comes from new threads the next time', async () => {
    const mortal = new ScanQueue(2);
    const matrix = new RowMatrix({ queue: mortal, codes: false });
    matrix.append(clustered);
    const query = rowOf(clustered, 4);
    await matrix.search([query], { k: 1 });

    // As many as one pass takes: it lasts far longer than a thread takes to die.
    const interrupted = matrix.search(new Array<Float32Array>(MAX_QUERIES).fill(query), { k: 1 });
    queueMicrotask(() => queueMicrotask(() => mortal.stop()));
    await expect(interrupted).rejects.toThrow(ScanFailed);

    expect((await matrix.search([query], { k: 1 })).hits[0]![0]!.row).toBe(4);
    matrix.close();
    mortal.stop();
  });

  it('is empty when there is no row', async () => {
    const matrix = new RowMatrix({ queue });
    expect(await matrix.search([rowOf(clustered, 0)], { k: 5 })).toEqual({
      hits: [[]],
      scanned: 0,
      judged: 0,
      rescored: 0,
      fallback: false,
    });
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
    const matrix = matrixOf(clustered.subarray(0, DIMENSIONS));
    await expect(matrix.search([query], { k: 1 })).rejects.toThrow(QueryInvalid);
    matrix.close();
  });

  it.each([0, 1_001, 1.5, Number.NaN])('for %f hits is refused', async (k) => {
    const matrix = matrixOf(clustered.subarray(0, DIMENSIONS));
    await expect(matrix.search([rowOf(clustered, 0)], { k })).rejects.toThrow(RangeError);
    matrix.close();
  });
});
