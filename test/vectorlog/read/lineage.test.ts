/** The files of one lineage on their way into memory: which bytes are read, what is kept, and what is refused. */

import { describe, expect, test } from 'vitest';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import { encodeFaissHeader } from '../../../vectorlog/commit/file-formats.ts';
import type { LogLimits } from '../../../vectorlog/commit/limits.ts';
import type { Manifest } from '../../../vectorlog/commit/manifest.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { Lineage, lineageOf, NOTHING } from '../../../vectorlog/read/lineage.ts';
import { MatrixClosed } from '../../../vectorlog/scan/errors.ts';
import { SegmentPool } from '../../../vectorlog/scan/segment.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { type Library, library } from '../../factories/library.ts';
import { gate } from '../../factories/live-index.ts';
import { putPlainIndex } from '../../factories/plain-index.ts';

const DIMENSIONS = 32;
/** 32 codes, 32 bytes of bounds, 8 shares of 2 bytes; and before them 32 bytes, a centre and 8 directions. */
const [RECORD, CODES_HEADER, FAISS_HEADER] = [80, 32 + 9 * 128, 45];

const axis = (i: number) => Float32Array.from({ length: DIMENSIONS }, (_, d) => (d === i ? 1 : 0));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A lineage over a store, whose reads are written down as `<kind of file> <start>-<end>`. */
function lineageOver(index: ObjectStore, manifest: Pick<Manifest, 'lineage' | 'files'>) {
  const store = countingStore(index);
  const reads: string[] = [];
  const read = store.read;
  store.read = async (key, range, target) => {
    reads.push(`${key.slice(key.lastIndexOf('.') + 1)} ${range.start}-${range.end}`);
    return read(key, range, target);
  };
  const options = { store, logger: silentLogger, dimensions: DIMENSIONS, pool: new SegmentPool() };
  return { lineage: new Lineage(lineageOf(manifest), manifest, options), store, reads };
}

const booksOf = (limits: Partial<LogLimits> = {}) =>
  library({ dimensions: DIMENSIONS, limits: { maxDeadShare: 1, ...limits } });
const put = (key: string, i: number) => ({ put: key, vector: axis(i) });

/** Commits some changes. */
async function commit(books: Library, ...changes: Parameters<Library['append']>): Promise<Manifest> {
  await books.append(...changes);
  await books.compact();
  return (await latestManifest(books.index))!.manifest;
}

/** Three rows, and a commit that adds one and takes one away. */
async function twoCommits() {
  const books = booksOf();
  const first = await commit(books, put('a', 0), put('b', 1), put('c', 2));
  const second = await commit(books, put('d', 3), { delete: 'a' });
  expect(second.lineage).toBe(first.lineage);
  return { index: books.index, first, second, lastLine: first.files.rowsBytes / 3 };
}

const rowsFor = async (lineage: Lineage, query: Float32Array, rows: number) => {
  const [hits] = await lineage.search([query], { k: 1, minScore: 0.9, rows: { start: 0, end: rows } });
  return hits!.map(({ row }) => row);
};

describe('a lineage', () => {
  test('reads of the first commit everything, of the next one what is new and the last line again', async () => {
    const { index, first, second, lastLine } = await twoCommits();
    const { lineage, reads } = lineageOver(index, first);

    const generation = await lineage.advance(first);
    expect(reads.toSorted()).toEqual(
      [
        `codes 0-${CODES_HEADER}`,
        `codes ${CODES_HEADER}-${CODES_HEADER + 3 * RECORD}`,
        'dead 0-1',
        `faiss 0-${FAISS_HEADER}`,
        `jsonl 0-${first.files.rowsBytes}`,
      ].toSorted(),
    );
    expect(generation!.manifest).toEqual(first);
    expect([...generation!.dead.members()]).toEqual([]);
    expect([...generation!.folded]).toEqual(first.folded.map(({ name }) => name));
    expect(generation!.folded.size).toBe(1);
    expect([lineage.keys.find('a'), lineage.keys.find('d')]).toEqual([0, undefined]);
    expect(await rowsFor(lineage, axis(2), 3)).toEqual([2]);

    await turn();
    reads.length = 0;
    const next = await lineage.advance(second);
    expect(reads.toSorted()).toEqual(
      [
        `codes ${CODES_HEADER + 3 * RECORD}-${CODES_HEADER + 4 * RECORD}`,
        'dead 0-1',
        `jsonl ${first.files.rowsBytes - lastLine}-${second.files.rowsBytes}`,
      ].toSorted(),
    );
    expect([...next!.dead.members()]).toEqual([0]);
    expect(next!.tombstones.get('a')).toEqual({ version: expect.any(String) });
    expect([lineage.keys.find('c'), lineage.keys.find('d')]).toEqual([2, 3]);
    expect(await rowsFor(lineage, axis(3), 4)).toEqual([3]);
    expect(lineage.progress).toEqual({ done: 0, total: 0 });
  });

  test('without codes reads float32 rows, and reads none again', async () => {
    const index = new MemoryStore();
    const lines = ['a', 'b', 'c'].map((key) => JSON.stringify({ key, eTag: 'e' }));
    const manifest = await putPlainIndex(index, lines, DIMENSIONS);
    const { lineage, reads } = lineageOver(index, manifest);
    await lineage.advance(manifest);
    expect(reads.toSorted()).toEqual([
      'dead 0-1',
      `faiss 0-${FAISS_HEADER}`,
      `faiss ${FAISS_HEADER}-${FAISS_HEADER + 3 * 128}`,
      `jsonl 0-${manifest.files.rowsBytes}`,
    ]);
    expect(await rowsFor(lineage, axis(1), 3)).toEqual([1]);
    expect(await lineage.read([2, 0])).toEqual([axis(2), axis(0)]);
    lineage.readAhead(3, 2 ** 30);
    await turn();
    expect(reads).toHaveLength(4);
  });

  test('of no rows reads no bitset, and finds nothing', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await commit(books, put('a', 0));
    const manifest = await commit(books, { delete: 'a' });
    expect(manifest.rows).toBe(0);
    const { lineage, reads } = lineageOver(books.index, manifest);
    const generation = await lineage.advance(manifest);
    expect(generation!.dead.length).toBe(0);
    expect(reads.filter((read) => read.startsWith('dead'))).toEqual([]);
    expect(await lineage.search([axis(0), axis(1)], { k: 1 })).toEqual([[], []]);
  });

  test('before anything came finds nothing', async () => {
    const { lineage } = lineageOver(new MemoryStore(), NOTHING.manifest);
    expect(await lineage.search([axis(0), axis(1)], { k: 1 })).toEqual([[], []]);
    expect(lineage.progress).toEqual({ done: 0, total: 0 });
  });

  test('has the name of its rows and of what their codes were made with', () => {
    const files = NOTHING.manifest.files;
    expect(lineageOf({ lineage: 'L', files: { ...files, centre: 'C' } })).toBe('L C');
    expect(lineageOf({ lineage: 'L', files })).toBe('L ');
  });

  test('reads each segment of tombstones once', async () => {
    const books = booksOf({ tombstonesInManifest: 0 });
    await commit(books, put('a', 0), put('b', 1), put('c', 2));
    const second = await commit(books, { delete: 'a' });
    const third = await commit(books, { delete: 'b' });
    const { lineage, store } = lineageOver(books.index, second);
    expect((await lineage.advance(second))!.tombstones.get('b')).toBeUndefined();
    const { tombstones } = (await lineage.advance(third))!;
    expect([tombstones.get('a'), tombstones.get('b')]).toEqual([
      { version: expect.any(String) },
      { version: expect.any(String) },
    ]);
    const segments = store.calls.filter(({ key }) => key.endsWith('.tombstones')).map(({ key }) => key);
    expect(segments.toSorted()).toEqual(third.tombstones!.map(({ name }) => name).toSorted());
    expect(segments).toHaveLength(2);
  });
});

describe('a download', () => {
  test('says how far it is, and goes on where it was when a part did not come', async () => {
    const { index, first } = await twoCommits();
    const { lineage, store, reads } = lineageOver(index, first);
    const [total, lines] = [FAISS_HEADER + first.files.rowsBytes + 3 * RECORD, first.files.rowsBytes];
    const held = gate();
    const { read } = store;
    store.read = async (key, range, target) => {
      if (key !== first.files.codes || range.start === 0) return read(key, range, target);
      await held.opened;
      throw new StoreUnavailable('lost');
    };
    const failing = lineage.advance(first);
    failing.catch(() => {});
    await turn();
    expect(lineage.progress).toEqual({ done: FAISS_HEADER + lines, total });
    held.open();
    await expect(failing).rejects.toThrow('lost');
    expect(lineage.progress).toEqual({ done: FAISS_HEADER + lines, total });

    store.read = read;
    reads.length = 0;
    expect((await lineage.advance(first))!.manifest).toEqual(first);
    expect(reads.toSorted()).toEqual([`codes ${CODES_HEADER}-${CODES_HEADER + 3 * RECORD}`, 'dead 0-1']);
    expect(await rowsFor(lineage, axis(1), 3)).toEqual([1]);
  });

  test('that was for an older commit is finished, and then what the newer one adds', async () => {
    const { index, first, second } = await twoCommits();
    const { lineage, store } = lineageOver(index, first);
    const { read } = store;
    store.read = (key, range, target) =>
      key === first.files.rows ? Promise.reject(new StoreUnavailable('lost')) : read(key, range, target);
    await expect(lineage.advance(first)).rejects.toThrow('lost');
    expect((await lineage.advance(second))!.manifest).toEqual(second);
    expect(['a', 'b', 'c', 'd'].map((key) => lineage.keys.find(key))).toEqual([0, 1, 2, 3]);
    expect(await rowsFor(lineage, axis(0), 4)).toEqual([0]);
    expect(await rowsFor(lineage, axis(3), 4)).toEqual([3]);
  });

  test('does not go back to a commit that speaks of less', async () => {
    const { index, first, second } = await twoCommits();
    const { lineage, store, reads } = lineageOver(index, second);
    const { read } = store;
    store.read = (key, range, target) =>
      key === second.files.rows ? Promise.reject(new StoreUnavailable('lost')) : read(key, range, target);
    await expect(lineage.advance(second)).rejects.toThrow('lost');
    // On its way.
    expect(await lineage.advance(first)).toBeUndefined();
    store.read = read;
    expect((await lineage.advance(second))!.manifest).toEqual(second);
    reads.length = 0;
    // There.
    expect(await lineage.advance(first)).toBeUndefined();
    const files = { ...second.files, rowsBytes: second.files.rowsBytes - 1 };
    expect(await lineage.advance({ ...second, files })).toBeUndefined();
    expect(reads).toEqual([]);
    expect((await lineage.advance(second))!.manifest).toEqual(second);
    expect(reads).toEqual(['dead 0-1']);
  });

  test('is refused where the last line that is known is another one now', async () => {
    const { index, first, second } = await twoCommits();
    const { lineage } = lineageOver(index, first);
    await lineage.advance(first);
    const { body } = await index.get(second.files.rows);
    await index.put(second.files.rows, Buffer.from(Buffer.from(body).toString().replace('"c"', '"x"')));
    expect(await lineage.advance(second)).toBeUndefined();
    expect([lineage.lines.length, lineage.keys.find('d')]).toEqual([3, undefined]);
  });

  test('is refused where the FAISS file has fewer rows than the manifest, and not where it has more', async () => {
    const { index, first } = await twoCommits();
    const { body } = await index.get(first.files.faiss);
    const declare = (rows: number) =>
      index.put(first.files.faiss, Buffer.concat([encodeFaissHeader(rows, DIMENSIONS), body.subarray(45)]));

    await declare(2);
    const refusal = await lineageOver(index, first)
      .lineage.advance(first)
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(IndexDamaged);
    expect(refusal).toMatchObject({
      file: first.files.faiss,
      message: `${first.files.faiss}: 2 rows, the manifest says 3`,
    });
    await declare(4);
    expect((await lineageOver(index, first).lineage.advance(first))!.manifest).toEqual(first);
  });

  test('keeps its memory until it ends, and gives it back then', async () => {
    const { index, first } = await twoCommits();
    const { lineage, store } = lineageOver(index, first);
    const held = gate();
    const { read } = store;
    store.read = async (key, range, target) => {
      if (key === first.files.rows) await held.opened;
      return read(key, range, target);
    };
    let isClosed = false;
    void lineage.references.closed.then(() => {
      isClosed = true;
    });
    const advancing = lineage.advance(first);
    await turn();
    lineage.references.release();
    await turn();
    expect(isClosed).toBe(false);
    held.open();
    await advancing;
    await turn();
    expect(isClosed).toBe(true);
    await expect(lineage.search([axis(0)], { k: 1 })).rejects.toThrow(MatrixClosed);
  });
});

describe('rows that are read ahead', () => {
  /** More than are read in one go for an answer. */
  const ROWS = 70;
  const AHEAD = `faiss ${FAISS_HEADER}-${FAISS_HEADER + ROWS * 128}`;

  async function loaded() {
    const books = booksOf();
    const puts = Array.from({ length: ROWS }, (_, i) => put(`${i}`, i % DIMENSIONS));
    const manifest = await commit(books, ...puts);
    const over = lineageOver(books.index, manifest);
    await over.lineage.advance(manifest);
    return over;
  }

  test.each([
    ['a search', (lineage: Lineage) => lineage.search([axis(1)], { k: 1 }), true],
    ['two vectors were read', (lineage: Lineage) => lineage.read([1, 2]), true],
    ['one vector was read', (lineage: Lineage) => lineage.read([1]), false],
  ] as const)('come after %s', async (_, answer, isAhead) => {
    const { lineage, reads } = await loaded();
    lineage.readAhead(ROWS, ROWS * 128);
    await turn();
    expect(reads).not.toContain(AHEAD);
    await answer(lineage);
    await turn();
    expect(reads.filter((read) => read === AHEAD)).toHaveLength(isAhead ? 1 : 0);
  });

  test('come at once where an answer was given already, and not where there is no room', async () => {
    const { lineage, reads } = await loaded();
    await lineage.search([axis(1)], { k: 1 });
    await turn();
    expect(reads).not.toContain(AHEAD);
    lineage.readAhead(ROWS, ROWS * 128 - 1);
    await turn();
    expect(reads).not.toContain(AHEAD);
    lineage.readAhead(ROWS, ROWS * 128);
    await turn();
    expect(reads).toContain(AHEAD);
    reads.length = 0;
    await lineage.search([axis(2)], { k: 1 });
    expect(await lineage.read([3, 4])).toEqual([axis(3), axis(4)]);
    expect(reads).toEqual([]);
  });
});
