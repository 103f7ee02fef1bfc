/** Memory is what the budget says, whatever is side by side, and what fails half-way is mended by the next refresh. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { IndexTooLarge } from '../../../vectorlog/read/errors.ts';
import { NOTHING } from '../../../vectorlog/read/lineage.ts';
import { matrixBytes, neededBytes } from '../../../vectorlog/read/memory.ts';
import { Tail } from '../../../vectorlog/read/tail.ts';
import { CodeMatrix } from '../../../vectorlog/scan/code-matrix.ts';
import { RowMatrix } from '../../../vectorlog/scan/row-matrix.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { copy } from '../../factories/copy-store.ts';
import type { CountingStore } from '../../factories/counting-store.ts';
import { type Change, type Library, library } from '../../factories/library.ts';
import { gate, keysOf, liveIndex } from '../../factories/live-index.ts';

const DIMENSIONS = 32;
const keys = keysOf(DIMENSIONS);
const turn = () => new Promise((resolve) => setImmediate(resolve));

const manifestOf = async (books: Library) => (await latestManifest(books.index))!.manifest;
const neededNow = async (books: Library) => neededBytes(await manifestOf(books), books.dimensions);

/** A compacted library of so many pictures. */
async function libraryOf(rows: number, dimensions = DIMENSIONS): Promise<Library> {
  const books = library({ dimensions });
  await books.append(...Array.from({ length: rows }, (_, i) => ({ put: `${i}` })));
  await books.compact();
  return books;
}

/** Begins a new lineage without the last pictures. */
async function shrink(books: Library, from: number, to: number): Promise<void> {
  await books.append(...Array.from({ length: from - to }, (_, i) => ({ delete: `${to + i}` })));
  await books.compact();
}

/** Writes an append. @returns its bytes */
async function append(books: Library, ...changes: Change[]): Promise<number> {
  const name = await books.append(...changes);
  return (await books.index.head(name))!.size;
}

afterEach(() => vi.restoreAllMocks());

describe('the budget, to the byte,', () => {
  test.each([
    [0, ['0', '1', '2', 'a', 'b', 'c'], 0],
    [-1, ['0', '1', '2', 'a', 'b'], 1],
  ])('gives the log what the index leaves, and %i', async (more, expected, pending) => {
    const books = await libraryOf(3);
    let bytes = 0;
    for (const key of ['a', 'b', 'c']) bytes += await append(books, { put: key });
    const { index } = liveIndex(books, { budgetBytes: (await neededNow(books)) + bytes + more });
    expect(index.pending).toBe(0);
    // Loaded, and then followed.
    for (let time = 0; time < 2; time++) {
      expect(await index.read('strong', keys)).toEqual(expected);
      expect(index.pending).toBe(pending);
    }

    await append(books, { put: 'd' });
    expect(await index.read('strong', keys)).toEqual(expected);
    expect(index.pending).toBe(pending + 1);
    expect(await index.read('strong', (view) => view.pending)).toBe(pending + 1);
  });

  /** Whether all rows were read in one go, which an answer never asks for: they are more than 64. */
  async function wereReadAhead(books: Library, store: CountingStore): Promise<boolean> {
    for (let turns = 0; turns < 100; turns++) await turn();
    const { files, rows } = await manifestOf(books);
    const all = rows * books.dimensions * 4;
    return store.calls.some(({ key, bytes }) => key === files.faiss && bytes === all);
  }

  test.each([
    [0, true],
    [-1, false],
  ])('has rows read ahead where twice the log fits beside them, and %i', async (more, expected) => {
    const books = await libraryOf(100);
    const tail = await append(books, { put: 'new' });
    const budgetBytes = (await neededNow(books)) + 2 * tail + 100 * DIMENSIONS * 4 + more;
    const { index, store } = liveIndex(books, { budgetBytes });
    await index.read('strong', keys);
    expect(await wereReadAhead(books, store)).toBe(expected);
  });

  test.each([
    [0, true],
    [-1, false],
  ])(
    'counts what an old lineage left, which cannot be freed, before that, and %i',
    async (more, expected) => {
      // So large vectors that those of the new lineage take more than the lines of the old one.
      const books = await libraryOf(150, 256);
      const old = await manifestOf(books);
      const before = new MemoryStore();
      await copy(books.index, before);
      await shrink(books, 150, 100);
      const after = new MemoryStore();
      await copy(books.index, after);
      const budgetBytes = (await neededNow(books)) + matrixBytes(old, 256) + 100 * 256 * 4 + more;

      await copy(before, books.index);
      const { index, store } = liveIndex(books, { budgetBytes });
      await index.read('strong', keysOf(256));
      await copy(after, books.index);
      for (let i = 0; i < 3; i++) expect(await index.read('strong', keysOf(256))).toHaveLength(100);
      expect(await wereReadAhead(books, store)).toBe(expected);
    },
  );

  test.each([
    [0, true],
    [-1, false],
  ])('lets two lineages stand side by side where they fit with the log, and %i', async (more, fits) => {
    const books = await libraryOf(300);
    const old = await neededNow(books);
    const before = new MemoryStore();
    await copy(books.index, before);
    await shrink(books, 300, 100);
    const tail = await append(books, { put: 'new' });
    const budgetBytes = old + (await neededNow(books)) + tail + more;
    const after = new MemoryStore();
    await copy(books.index, after);

    await copy(before, books.index);
    const { index, store } = liveIndex(books, { budgetBytes });
    await index.read('strong', keys);
    const held = gate();
    const reader = index.read('eventual', async (view) => {
      await held.opened;
      return view.pictures;
    });
    await copy(after, books.index);
    const { files } = await manifestOf(books);
    const next = index.read('strong', (view) => view.pictures);
    for (let turns = 0; turns < 100; turns++) await turn();
    expect(store.calls.some(({ key }) => key === files.codes)).toBe(fits);
    held.open();
    expect(await next).toBe(101);
    expect(await reader).toBe(300);
    expect(store.calls.some(({ key }) => key === files.codes)).toBe(true);
  });

  test('has the rows of a lineage that is left given back, though somebody still reads it', async () => {
    const books = await libraryOf(300);
    const { faiss } = (await manifestOf(books)).files;
    const vector = books.truth.get('200');
    const { index, store } = liveIndex(books);
    await index.read('strong', (view) => view.embeddings(['0', '1']));
    for (let turns = 0; turns < 100; turns++) await turn();
    const readsOf = async (reading: Promise<unknown>) => {
      store.calls.length = 0;
      expect(await reading).toEqual(vector);
      return store.calls.filter(({ key }) => key === faiss).length;
    };
    expect(await readsOf(index.read('eventual', (view) => view.embedding('200')))).toBe(0);

    const close = vi.spyOn(CodeMatrix.prototype, 'close');
    const held = gate();
    const old = index.read('eventual', async (view) => {
      await held.opened;
      return view.embedding('200');
    });
    await shrink(books, 300, 100);
    await index.read('strong', () => {});
    expect(close).not.toHaveBeenCalled();
    held.open();
    expect(await readsOf(old)).toBe(1);
    expect(close).toHaveBeenCalledTimes(1);
  });

  test('has what a log took given back once it moved, when nobody reads it any more', async () => {
    const books = library({ dimensions: DIMENSIONS });
    // More than a tail keeps when they are gone.
    await books.append(...Array.from({ length: 1_100 }, (_, i) => ({ put: `${i}` })));
    const { index } = liveIndex(books);
    await index.read('strong', () => {});
    const close = vi.spyOn(RowMatrix.prototype, 'close');
    const held = gate();
    const old = index.read('eventual', async (view) => {
      await held.opened;
      return view.embedding('7');
    });
    await books.compact();
    expect(await index.read('strong', ({ appends, pictures }) => [appends, pictures])).toEqual([0, 1_100]);
    expect(close).not.toHaveBeenCalled();
    held.open();
    expect(await old).toEqual(books.truth.get('7'));
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe('a refresh that fails after rows were installed', () => {
  test('leaves the index as it was, and the next one goes on from there', async () => {
    const books = await libraryOf(20);
    const { index, store } = liveIndex(books);
    await index.read('strong', keys);
    await books.append({ put: 'new' }, { delete: '3' });
    await books.compact();
    const { files } = await manifestOf(books);
    const read = store.read;
    let failures = 0;
    store.read = async (key, range, target) => {
      if (key !== files.dead || failures > 0) return read(key, range, target);
      failures++;
      // Late enough for the rows to be there.
      await vi.waitFor(() => expect(codesRead()).toBe(1));
      await new Promise((resolve) => setImmediate(resolve));
      throw new StoreUnavailable('lost');
    };
    const codesRead = () => store.calls.filter(({ key }) => key === files.codes).length;

    await expect(index.read('strong', keys)).rejects.toThrow(StoreUnavailable);
    expect(await index.read('eventual', keys)).toHaveLength(20);
    const after = await index.read('strong', keys);
    expect(after).toContain('new');
    expect(after).not.toContain('3');
    expect(after).toHaveLength(20);
    expect(codesRead()).toBe(1);
  });

  test('does not go on with half a tail', async () => {
    const books = await libraryOf(20);
    const { index, store } = liveIndex(books);
    await index.read('strong', keys);
    for (const key of ['x', 'y', 'z']) await books.append({ put: key });
    const { files } = await manifestOf(books);
    store.calls.length = 0;
    const { add } = Tail.prototype;
    let calls = 0;
    vi.spyOn(Tail.prototype, 'add').mockImplementation(function (this: Tail, ...args) {
      if (++calls === 2) throw new RangeError('no memory');
      return add.apply(this, args);
    });

    await expect(index.read('strong', keys)).rejects.toThrow('no memory');
    expect(await index.read('strong', keys)).toEqual([...books.truth.keys()].sort());
    expect(store.calls.filter(({ key }) => key === files.codes)).toEqual([]);
  });
});

describe('memory', () => {
  test('an index that is too large is refused before any of it is read', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(...Array.from({ length: 20 }, (_, i) => ({ put: `${i}` })));
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    const needed = neededBytes(manifest, DIMENSIONS);
    const { index, store } = liveIndex(books, { budgetBytes: needed - 1 });

    const refusal = await index.read('strong', keys).catch((error) => error);

    expect(refusal).toBeInstanceOf(IndexTooLarge);
    expect(refusal).toMatchObject({ rows: 20, neededBytes: needed, budgetBytes: needed - 1 });
    expect(store.calls.filter(({ key }) => Object.values(manifest.files).includes(key))).toEqual([]);
    await liveIndex(books, { budgetBytes: needed }).index.read('strong', keys);
  });

  test('a tail that does not fit is cut, oldest first, and the view says how much is left', async () => {
    const books = library({ dimensions: DIMENSIONS });
    const names: string[] = [];
    for (let i = 0; i < 5; i++) names.push(await books.append({ put: `${i}` }));
    const { size } = (await books.index.head(names[0]!))!;
    const empty = neededBytes(NOTHING.manifest, DIMENSIONS);
    const { index } = liveIndex(books, { budgetBytes: empty + 3.5 * size });

    const seen = await index.read('strong', async (view) => [await keys(view), view.pending]);

    expect(seen).toEqual([['0', '1', '2'], 2]);
    expect(index.pending).toBe(2);
  });

  test('a tail of any number of appends is taken in whole, where it fits', async () => {
    const books = library({ dimensions: DIMENSIONS });
    for (let i = 0; i < 2_100; i++) await books.append({ put: `${i}` });
    const { index } = liveIndex(books);

    const seen = await index.read('strong', (view) => [view.pictures, view.pending]);

    expect(seen).toEqual([2_100, 0]);
  });

  test('a new lineage that does not fit beside the old one waits until that is given back', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(...Array.from({ length: 10 }, (_, i) => ({ put: `${i}` })));
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    const { index } = liveIndex(books, { budgetBytes: 1.5 * neededBytes(manifest, DIMENSIONS) });
    await index.read('strong', keys);
    await books.append(...Array.from({ length: 8 }, (_, i) => ({ delete: `${i}` })));
    await books.compact();
    const held = gate();
    const old = index.read('eventual', async (view) => {
      await held.opened;
      return keys(view);
    });

    const next = index.read('strong', keys);
    held.open();

    expect(await old).toHaveLength(10);
    expect(await next).toEqual(['8', '9']);
  });
});
