/** Memory is what the budget says, whatever is side by side, and what fails half-way is mended by the next refresh. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { DIMENSIONS, ROW_BYTES } from '../../../pictures/dimensions.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { neededBytes } from '../../../vectorlog/read/memory.ts';
import { Tail } from '../../../vectorlog/read/tail.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { seededVector } from '../../factories/fake-embedder.ts';
import { type Library, library } from '../../factories/library.ts';
import { gate, keysIn, liveIndex } from '../../factories/live-index.ts';

const LARGE = 2_000;
const SMALL = 250;
const vector = seededVector('all alike');

const manifestOf = async (books: Library) => (await latestManifest(books.index))!.manifest;
const neededNow = async (books: Library) => neededBytes(await manifestOf(books), DIMENSIONS);

/** A compacted library of so many pictures, which are quick to make. */
async function libraryOf(rows: number): Promise<Library> {
  const books = library();
  await books.append(...Array.from({ length: rows }, (_, i) => ({ put: `${i}`, vector })));
  await books.compact();
  return books;
}

/** Begins a new lineage without the last pictures. */
async function shrink(books: Library, from: number, to: number): Promise<void> {
  await books.append(...Array.from({ length: from - to }, (_, i) => ({ delete: `${to + i}` })));
  await books.compact();
}

afterEach(() => vi.restoreAllMocks());

describe('the budget', () => {
  test('counts what an old lineage left, which cannot be freed, before rows are read ahead', async () => {
    const books = await libraryOf(LARGE);
    const large = await neededNow(books);
    const small = (large * SMALL) / LARGE;
    // Both fit side by side, and beside the small one alone there would be room for its rows.
    const { index, store } = liveIndex(books, { budgetBytes: large + small + 2 ** 21 });
    await index.read('strong', keysIn);
    await shrink(books, LARGE, SMALL);
    store.calls.length = 0;
    for (let i = 0; i < 3; i++) expect(await index.read('strong', keysIn)).toHaveLength(SMALL);

    const { files } = await manifestOf(books);
    const ahead = store.calls.filter(
      ({ method, key, bytes }) => method === 'read' && key === files.faiss && (bytes ?? 0) > 64 * ROW_BYTES,
    );
    expect(ahead).toEqual([]);
  });

  test('counts the tail when it lets two lineages stand side by side', async () => {
    const books = await libraryOf(LARGE);
    const large = await neededNow(books);
    const { index, store } = liveIndex(books, { budgetBytes: 1.9 * large });
    await index.read('strong', keysIn);
    await shrink(books, LARGE, LARGE / 2);
    await books.append(...Array.from({ length: SMALL * 3 }, (_, i) => ({ put: `new ${i}`, vector })));
    const { files } = await manifestOf(books);
    const held = gate();
    const old = index.read('eventual', () => held.opened);
    store.calls.length = 0;

    const next = index.read('strong', keysIn);
    await vi.waitFor(() => expect(store.calls.some(({ key }) => key.startsWith('manifest/'))).toBe(true));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(store.calls.filter(({ key }) => key === files.codes)).toEqual([]);
    held.open();
    await old;
    expect(await next).toHaveLength(1_000);
    expect(store.calls.some(({ key }) => key === files.codes)).toBe(true);
  });
});

describe('a refresh that fails after rows were installed', () => {
  test('leaves the index as it was, and the next one goes on from there', async () => {
    const books = await libraryOf(20);
    const { index, store } = liveIndex(books);
    await index.read('strong', keysIn);
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

    await expect(index.read('strong', keysIn)).rejects.toThrow(StoreUnavailable);
    expect(await index.read('eventual', keysIn)).toHaveLength(20);
    const after = await index.read('strong', keysIn);
    expect(after).toContain('new');
    expect(after).not.toContain('3');
    expect(after).toHaveLength(20);
    expect(codesRead()).toBe(1);
  });

  test('does not go on with half a tail', async () => {
    const books = await libraryOf(20);
    const { index, store } = liveIndex(books);
    await index.read('strong', keysIn);
    for (const key of ['x', 'y', 'z']) await books.append({ put: key });
    const { files } = await manifestOf(books);
    store.calls.length = 0;
    const { add } = Tail.prototype;
    let calls = 0;
    vi.spyOn(Tail.prototype, 'add').mockImplementation(function (this: Tail, ...args) {
      if (++calls === 2) throw new RangeError('no memory');
      return add.apply(this, args);
    });

    await expect(index.read('strong', keysIn)).rejects.toThrow('no memory');
    expect(await index.read('strong', keysIn)).toEqual([...books.truth.keys()].sort());
    expect(store.calls.filter(({ key }) => key === files.codes)).toEqual([]);
  });
});
