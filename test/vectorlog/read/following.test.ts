/** What a live index makes of a store that is slow, damaged, mended, or has lost something. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import type { Manifest } from '../../../vectorlog/commit/manifest.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { IndexLoading } from '../../../vectorlog/read/errors.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { seededVector } from '../../factories/fake-embedder.ts';
import { type Library, library } from '../../factories/library.ts';
import { gate, keysOf, liveIndex } from '../../factories/live-index.ts';

const DIMENSIONS = 32;
/** Bytes of a row's codes: 32 of them, 32 of bounds, 8 shares of 2. */
const RECORD = 80;
const keys = keysOf(DIMENSIONS);
const query = seededVector('any', DIMENSIONS);
const turn = () => new Promise((resolve) => setImmediate(resolve));

const manifestOf = async (books: Library): Promise<Manifest> => (await latestManifest(books.index))!.manifest;

/** A library of these pictures, each committed by itself. */
async function committed(...all: string[]): Promise<Library> {
  const books = library({ dimensions: DIMENSIONS });
  for (const key of all) {
    await books.append({ put: key });
    await books.compact();
  }
  return books;
}

afterEach(() => vi.useRealTimers());

describe('a reader who does not wait for ever', () => {
  test('waits for a list, however long it takes', async () => {
    const books = await committed('a');
    const { store, loadingFor } = liveIndex(books);
    const index = loadingFor(100);
    const held = gate();
    store.before = (method) => (method === 'list' ? held.opened : undefined);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const reading = index.read('strong', keys);
    await vi.advanceTimersByTimeAsync(1_000);
    held.open();
    expect(await reading).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('hears how far the index is once the time is over, and it goes on coming', async () => {
    const books = await committed('a', 'b');
    const { store, loadingFor } = liveIndex(books);
    const index = loadingFor(100);
    const { files } = await manifestOf(books);
    const held = gate();
    const { read } = store;
    store.read = async (key, range, target) => {
      if (key === files.codes && range.start > 0) await held.opened;
      return read(key, range, target);
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let refusal: unknown;
    index.read('strong', keys).catch((error: unknown) => {
      refusal = error;
    });
    await vi.advanceTimersByTimeAsync(99);
    await turn();
    expect(refusal).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(refusal).toBeInstanceOf(IndexLoading);
    const doneBytes = 45 + files.rowsBytes;
    expect(refusal).toMatchObject({ doneBytes, totalBytes: doneBytes + 2 * RECORD });
    expect(vi.getTimerCount()).toBe(0);

    held.open();
    await turn();
    expect(await index.read('strong', keys)).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a refresh', () => {
  test('looks again when its list took longer than a folded append stays', async () => {
    const books = await committed('a');
    const { index, store, skip } = liveIndex(books);
    await index.read('strong', keys);
    await books.append({ put: 'b' });
    for (const [ms, lists] of [
      [50_000, 1],
      [60_001, 2],
    ] as const) {
      let isSlow = true;
      store.before = (method) => {
        if (method === 'list' && isSlow) skip(ms);
        isSlow = false;
      };
      store.calls.length = 0;
      expect(await index.read('strong', keys)).toEqual(['a', 'b']);
      expect(store.calls.filter(({ method }) => method === 'list')).toHaveLength(lists);
    }
  });

  test('goes on from a commit that was cleaned away since, for a newer one is there', async () => {
    const books = await committed('a');
    const { index, store } = liveIndex(books);
    await index.read('strong', keys);
    await books.append({ put: 'b' });
    await books.compact();
    await books.index.delete([manifestName(1)]);
    store.calls.length = 0;
    expect(await index.read('strong', keys)).toEqual(['a', 'b']);
    const { files } = await manifestOf(books);
    const codes = store.calls.filter(({ key }) => key === files.codes);
    expect(codes.map(({ bytes }) => bytes)).toEqual([RECORD]);
  });

  test('lets go of an append that is gone though nobody has folded it', async () => {
    const books = await committed('a');
    const { index } = liveIndex(books);
    const name = await books.append({ put: 'b' });
    expect(await index.read('strong', keys)).toEqual(['a', 'b']);
    await books.index.delete([name]);
    expect(await index.read('strong', keys)).toEqual(['a']);
    expect(await index.read('strong', ({ appends }) => appends)).toBe(0);
  });

  test('begins anew after a damaged file, and is well once that is mended', async () => {
    const books = await committed('a', 'b');
    const { index } = liveIndex(books);
    const { files } = await manifestOf(books);
    const { body } = await books.index.get(files.rows);
    await books.index.put(files.rows, new Uint8Array(body.length));
    await expect(index.read('strong', keys)).rejects.toThrow(IndexDamaged);
    await books.index.put(files.rows, body);
    expect(await index.read('strong', keys)).toEqual(['a', 'b']);
  });

  test('reads once more for a reader whose file was replaced and cleaned away', async () => {
    const books = await committed('a');
    const { index } = liveIndex(books);
    await index.read('strong', () => {});
    const { files } = await manifestOf(books);
    await books.append({ put: 'b' });
    await books.compact();
    await books.index.delete([files.faiss]);
    // The vectors that this search looks at are in the file that is gone.
    const { found } = await index.read('eventual', (view) => view.search([query], { k: 10 }));
    expect(found[0]!.map(({ entry }) => entry.key).toSorted()).toEqual(['a', 'b']);
  });
});

describe('manifests that cannot be read', () => {
  const spoil = (books: Library, generation: number) =>
    books.index.put(manifestName(generation), Buffer.from('null'));

  test('are told of for as long as they are there', async () => {
    const books = await committed('a', 'b');
    const { index } = liveIndex(books);
    expect(index.damage).toBeUndefined();
    const { body } = await books.index.get(manifestName(2));
    await spoil(books, 2);
    expect(await index.read('strong', keys)).toEqual(['a', 'b']);
    expect(index.damage).toMatchObject({ names: [manifestName(2)], mayLack: false });
    await books.index.put(manifestName(2), body);
    expect(await index.read('strong', keys)).toEqual(['a', 'b']);
    expect(index.damage).toBeUndefined();
  });

  test.each([
    ['two', [3, 4], IndexDamaged, `${manifestName(2)} is the last that can`],
    ['one', [3], StoreUnavailable, 'changes faster than it can be read'],
  ])(
    'are the fault, when there are %s, that the files of the last good one are gone',
    async (_, generations, fault, message) => {
      const books = await committed('a', 'b');
      const { files } = await manifestOf(books);
      for (const generation of generations) {
        await books.append({ put: `${generation}` });
        await books.compact();
        await spoil(books, generation);
      }
      await books.index.delete([files.rows]);
      const refusal = await liveIndex(books)
        .index.read('strong', keys)
        .catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(fault);
      expect((refusal as Error).message).toContain(message);
    },
  );
});
