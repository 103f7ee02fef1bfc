import { afterAll, describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { CodeMatrix, type ReadVectors } from '../../../vectorlog/scan/code-matrix.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import type { Hit } from '../../../vectorlog/scan/hit.ts';
import { RowMatrix } from '../../../vectorlog/scan/row-matrix.ts';
import type { SearchOptions } from '../../../vectorlog/scan/row-memory.ts';
import { ScanQueue } from '../../../vectorlog/scan/scan-queue.ts';
import { allRowsOf, clusteredRows, flatIndex, random, randomRows, rowOf } from './rows.ts';

const queue = new ScanQueue(2);
afterAll(() => queue.stop());

/** The rows as codes and as float32, in segments small enough that there are several. */
async function matricesOf(rows: Float32Array) {
  const options = { queue, segmentBlocks: 2 };
  const frame = await Frame.of(allRowsOf(rows.subarray(0, 500 * DIMENSIONS)), DIMENSIONS);
  const codes = new CodeMatrix(frame, options);
  codes.append(frame.encode(rows));
  const plain = new RowMatrix(DIMENSIONS, options);
  plain.append(rows);
  return {
    /** The answer of both, which must be the same to the bit. */
    async search(queries: readonly Float32Array[], search: SearchOptions): Promise<Hit[][]> {
      const read: ReadVectors = async (wanted) => wanted.map((row) => rowOf(rows, row));
      const { hits } = await codes.search(queries, search, read);
      expect(hits).toEqual(await plain.search(queries, search));
      return hits;
    },
    close() {
      codes.close();
      plain.close();
    },
  };
}

/** The same rows in the same order, but for rows whose scores are the same to 1e-5; scores within 1e-5. */
function expectSameHits(ours: readonly Hit[], theirs: readonly Hit[]): void {
  expect(ours.length).toBe(theirs.length);
  for (const [i, hit] of ours.entries()) expect(Math.abs(hit.score - theirs[i]!.score)).toBeLessThan(1e-5);
  for (const [i, hit] of ours.entries()) {
    const equals = theirs.filter(({ score }) => Math.abs(score - theirs[i]!.score) < 1e-5);
    const last = theirs.at(-1)!.score;
    // Of rows that tie with the last one, others may have been left out.
    if (Math.abs(hit.score - last) >= 1e-5) expect(equals.map(({ row }) => row)).toContain(hit.row);
  }
}

describe.each([
  ['random', randomRows],
  ['clustered', clusteredRows],
])('%s rows', (_, makeRows) => {
  it.each([10, 1_000, 4_000])('gives what IndexFlatIP gives over %i rows', async (count) => {
    const next = random(count);
    const rows = makeRows(count, next);
    const matrix = await matricesOf(rows);
    const faiss = flatIndex(rows);
    const queries = [
      ...[0, count - 1, count >> 1].map((i) => rowOf(rows, i)),
      ...allRowsOf(makeRows(2, next)),
    ];

    for (const k of [1, 10, 1_000]) {
      const hits = await matrix.search(queries, { k });
      for (const [i, query] of queries.entries()) expectSameHits(hits[i]!, faiss.search(query, k));
    }
    matrix.close();
  });

  it('gives what IndexFlatIP gives over the rows that are allowed', async () => {
    const next = random(7);
    const rows = makeRows(3_000, next);
    const matrix = await matricesOf(rows);
    const allowed = new Bitset(2_900);
    for (let i = 0; i < 2_900; i++) if (next() < (i < 1_500 ? 0.8 : 0.02)) allowed.add(i);
    const faiss = flatIndex(rows, (row) => allowed.has(row));

    for (const i of [0, 17, 2_999]) {
      const query = rowOf(rows, i);
      const hits = await matrix.search([query], { k: 50, allowed });
      expectSameHits(hits[0]!, faiss.search(query, 50));
    }
    matrix.close();
  });

  it('gives what IndexFlatIP gives for a batch, whichever pass each query falls into', async () => {
    const rows = makeRows(4_000, random(9));
    const matrix = await matricesOf(rows);
    const faiss = flatIndex(rows);
    const queries = Array.from({ length: 45 }, (_, i) => rowOf(rows, i * 80));

    const hits = await matrix.search(queries, { k: 10 });

    for (const [i, query] of queries.entries()) {
      expect([hits[i]]).toEqual(await matrix.search([query], { k: 10 }));
      if (i % 6 === 0) expectSameHits(hits[i]!, faiss.search(query, 10));
    }
    matrix.close();
  });
});

it('gives what IndexFlatIP gives over 20,000 rows', async () => {
  const rows = clusteredRows(20_000, random(3));
  const matrix = await matricesOf(rows);
  const faiss = flatIndex(rows);
  for (const i of [0, 12_345, 19_999]) {
    const query = rowOf(rows, i);
    const hits = await matrix.search([query], { k: 10 });
    expectSameHits(hits[0]!, faiss.search(query, 10));
  }
  matrix.close();
});
