/** What a refresh costs and what it promises: nothing acknowledged is missed, and nothing is fetched twice. */

import { describe, expect, test, vi } from 'vitest';
import { DIMENSIONS, ROW_BYTES } from '../../../pictures/dimensions.ts';
import { deadBytes } from '../../../vectorlog/commit/file-formats.ts';
import { LOG_LIMITS } from '../../../vectorlog/commit/limits.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { LOG_PREFIX, MANIFEST_END } from '../../../vectorlog/names.ts';
import { DOWNLOAD_LIMITS } from '../../../vectorlog/read/memory.ts';
import { DIRECTIONS, recordBytes } from '../../../vectorlog/scan/layout.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { clear, copy } from '../../factories/copy-store.ts';
import { library } from '../../factories/library.ts';
import { gate, keysIn, liveIndex } from '../../factories/live-index.ts';

describe('strong', () => {
  test('finds an append as soon as it is written, before and after it is folded', async () => {
    const books = library();
    const { index } = liveIndex(books);
    expect(await index.read('strong', keysIn)).toEqual([]);

    await books.append({ put: 'a' }, { put: 'b' });
    expect(await index.read('strong', keysIn)).toEqual(['a', 'b']);

    await books.append({ delete: 'a' }, { put: 'c' });
    expect(await index.read('strong', keysIn)).toEqual(['b', 'c']);

    await books.compact();
    expect(await index.read('strong', keysIn)).toEqual(['b', 'c']);
  });

  test('costs one list when nothing changed, however much stands beside log and commits', async () => {
    const books = library();
    const { index, store } = liveIndex(books);
    await books.append({ put: 'a' });
    await books.compact();
    await books.append({ put: 'b' });
    for (let i = 0; i < 1_100; i++) await books.index.put(`rejected/${i}`, new Uint8Array(1));
    await index.read('strong', keysIn);

    store.calls.length = 0;
    store.listed.length = 0;
    await index.read('strong', keysIn);

    expect(store.calls.map(({ method }) => method)).toEqual(['list']);
    expect(store.listed).toEqual([
      { prefix: '', startAfter: LOG_PREFIX, endBefore: MANIFEST_END, pageSize: expect.any(Number) },
    ]);
    // What stands behind the commits is not asked for, but for some spare.
    expect(store.listed[0]!.pageSize).toBeLessThan(50);
  });

  test('fetches an append once, and not again when it is folded', async () => {
    const books = library();
    const { index, store } = liveIndex(books);
    const name = await books.append({ put: 'a' });
    await index.read('strong', keysIn);
    await books.append({ put: 'b' });
    await index.read('strong', keysIn);
    await books.compact();
    await index.read('strong', keysIn);

    expect(store.calls.filter(({ key }) => key === name)).toHaveLength(1);
  });

  test('fetches only the new bytes of a new generation', async () => {
    const books = library();
    const { index, store } = liveIndex(books);
    await books.append(...Array.from({ length: 50 }, (_, i) => ({ put: `old-${i}` })));
    await books.compact();
    await index.read('strong', keysIn);
    const { manifest: before } = (await latestManifest(books.index))!;
    await books.append({ put: 'new-1' }, { put: 'new-2' }, { delete: 'old-7' });
    await index.read('strong', keysIn);
    await books.compact();

    store.calls.length = 0;
    const found = await index.read('strong', keysIn);

    const { manifest } = (await latestManifest(books.index))!;
    expect(found).toHaveLength(51);
    expect(manifest.lineage).toBe(before.lineage);
    const read = (file: string) =>
      store.calls.filter(({ key }) => key === file).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(read(manifest.files.codes!)).toBe(2 * recordBytes(DIMENSIONS, DIRECTIONS));
    // Those that are read ahead.
    await expect.poll(() => read(manifest.files.faiss)).toBe(2 * ROW_BYTES);
    expect(read(manifest.files.dead)).toBe(deadBytes(52));
    // The last line that was known is read again.
    const lastLine = before.files.rowsBytes / 50;
    expect(read(manifest.files.rows)).toBeLessThan(
      manifest.files.rowsBytes - before.files.rowsBytes + 1.1 * lastLine,
    );
    expect(store.calls.filter(({ key }) => key.startsWith(LOG_PREFIX) && key !== LOG_PREFIX)).toEqual([]);
  });

  test('takes in what was written while an earlier refresh was at work', async () => {
    const books = library();
    const { index, store } = liveIndex(books);
    await index.read('strong', keysIn);
    const listed = gate();
    const held = gate();
    store.before = async (method) => {
      // The first refresh has its list of the log and waits with it.
      if (method !== 'list') return;
      listed.open();
      await held.opened;
    };
    const early = index.read('strong', keysIn);
    await listed.opened;
    await books.append({ put: 'a' });
    const late = index.read('strong', keysIn);
    held.open();

    await early;
    expect(await late).toEqual(['a']);
  });

  test('is shared by requests that come at the same time', async () => {
    const books = library();
    const { index, store } = liveIndex(books);
    await books.append({ put: 'a' });

    const found = await Promise.all(Array.from({ length: 50 }, () => index.read('strong', keysIn)));

    expect(found.every(([key]) => key === 'a')).toBe(true);
    // One refresh for the first, one for all that came after it had begun.
    expect(store.calls.filter(({ method }) => method === 'list')).toHaveLength(2);
  });
});

describe('eventual', () => {
  test('asks the store nothing', async () => {
    const books = library();
    const { index, store } = liveIndex(books);
    await books.append({ put: 'a' });
    await index.read('eventual', keysIn);
    await books.append({ put: 'b' });

    store.calls.length = 0;
    const found = await index.read('eventual', keysIn);

    expect(found).toEqual(['a']);
    expect(store.calls).toEqual([]);
  });

  test('does not stay behind for ever: an old answer starts a refresh, for the next one', async () => {
    const books = library();
    const { index, skip } = liveIndex(books);
    await index.read('eventual', keysIn);
    await books.append({ put: 'a' });
    skip(DOWNLOAD_LIMITS.eventualRefreshMs + 1);

    expect(await index.read('eventual', keysIn)).toEqual([]);
    await expect.poll(() => index.read('eventual', keysIn)).toEqual(['a']);
  });

  test('answers from memory when the store is down', async () => {
    const books = library();
    const { index, store, skip } = liveIndex(books);
    await books.append({ put: 'a' });
    await index.read('eventual', keysIn);
    store.before = () => {
      throw new Error('down');
    };
    skip(DOWNLOAD_LIMITS.eventualRefreshMs + 1);

    expect(await index.read('eventual', keysIn)).toEqual(['a']);
    await expect(index.read('strong', keysIn)).rejects.toThrow('down');
    store.before = () => {};
    expect(await index.read('strong', keysIn)).toEqual(['a']);
  });
});

describe('a store that changes while it is read', () => {
  test('appends that are folded and cleaned away between the list and their reading', async () => {
    const books = library({ limits: { foldedGraceMs: 0 } });
    const { index, store } = liveIndex(books);
    const name = await books.append({ put: 'a' });
    store.before = async (method, key) => {
      if (method !== 'get' || key !== name) return;
      store.before = () => {};
      await books.compact();
      await books.index.delete([name]);
    };

    expect(await index.read('strong', keysIn)).toEqual(['a']);
  });

  test('index files that are replaced and cleaned away between the manifest and their reading', async () => {
    const books = library();
    const { index, store } = liveIndex(books);
    await books.append({ put: 'a' });
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    store.before = async (method, key) => {
      if (method !== 'read' || !Object.values(manifest.files).includes(key)) return;
      store.before = () => {};
      await books.append({ put: 'b' });
      await books.compact();
      const { faiss, rows, dead, codes } = manifest.files;
      await books.index.delete([faiss, rows, dead, codes!]);
    };

    expect(await index.read('strong', keysIn)).toEqual(['a', 'b']);
  });

  test('a new lineage, while a search of the old one is at work', async () => {
    const books = library();
    const { index } = liveIndex(books);
    await books.append(...Array.from({ length: 10 }, (_, i) => ({ put: `${i}` })));
    await books.compact();
    const { manifest: before } = (await latestManifest(books.index))!;
    const held = gate();
    const old = index.read('strong', async (view) => {
      await held.opened;
      return keysIn(view);
    });
    await index.read('strong', keysIn);
    await books.append(...Array.from({ length: 8 }, (_, i) => ({ delete: `${i}` })));
    await books.compact();
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    expect(manifest.lineage).not.toBe(before.lineage);

    expect(await index.read('strong', keysIn)).toEqual(['8', '9']);
    held.open();
    expect(await old).toHaveLength(10);
  });

  test('a picture that is replaced, while a reader of the older rows is at work', async () => {
    const books = library();
    const { index } = liveIndex(books);
    // So many that one of them is not worth a new lineage.
    await books.append({ put: 'a' }, ...Array.from({ length: 20 }, (_, i) => ({ put: `${i}` })));
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    const before = books.truth.get('a')!;
    const held = gate();
    const old = index.read('strong', async (view) => {
      await held.opened;
      return { eTag: view.find('a')?.eTag, embedding: await view.embedding('a') };
    });
    const eTag = await index.read('strong', (view) => view.find('a')?.eTag);
    await books.append({ put: 'a' });
    await books.compact();
    expect(await index.read('strong', (view) => view.find('a')?.eTag)).not.toBe(eTag);
    expect((await latestManifest(books.index))!.manifest.lineage).toBe(manifest.lineage);
    held.open();

    // The reader's own rows have the picture as it was: were it unknown here, it would be found as similar to itself.
    expect(await old).toEqual({ eTag, embedding: before });
  });

  test('an index that was restored from a copy: other commits of the same numbers', async () => {
    const books = library();
    const { index } = liveIndex(books);
    await books.append({ put: 'a' });
    await books.compact();
    expect(await index.read('strong', keysIn)).toEqual(['a']);

    const other = library();
    await other.append({ put: 'x' });
    await other.compact();
    await copy(other.index, books.index);

    expect(await index.read('strong', keysIn)).toEqual(['x']);
  });

  test('an index that was restored to an earlier commit', async () => {
    const books = library();
    const { index } = liveIndex(books);
    await books.append({ put: 'a' });
    await books.compact();
    const earlier = new MemoryStore();
    await copy(books.index, earlier);
    await books.append({ put: 'b' });
    await books.compact();
    expect(await index.read('strong', keysIn)).toEqual(['a', 'b']);

    await clear(books.index);
    await copy(earlier, books.index);

    expect(await index.read('strong', keysIn)).toEqual(['a']);
  });

  test('an index that was deleted', async () => {
    const books = library();
    const { index } = liveIndex(books);
    await books.append({ put: 'a' });
    await books.compact();
    await index.read('strong', keysIn);
    await clear(books.index);

    expect(await index.read('strong', keysIn)).toEqual([]);
  });

  test.each([
    ['as long as what is folded stays', 0, 1],
    ['longer, and is asked for again', 1, 2],
  ])('a list that takes %s', async (_, more, lists) => {
    const books = library();
    const { index, store, skip } = liveIndex(books);
    await books.append({ put: 'a' });
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now());
    store.before = (method) => {
      if (method === 'list' && store.calls.length === 0) skip(LOG_LIMITS.foldedGraceMs + more);
    };
    expect(await index.read('strong', keysIn)).toEqual(['a']);
    now.mockRestore();
    expect(store.calls.filter(({ method }) => method === 'list')).toHaveLength(lists);
  });

  test('an append that cannot be read is left out', async () => {
    const books = library();
    const { index } = liveIndex(books);
    await books.append({ put: 'a' });
    const name = await books.append({ put: 'b' });
    await books.index.put(name, new Uint8Array(100));

    expect(await index.read('strong', keysIn)).toEqual(['a']);
    await books.append({ put: 'c' });
    expect(await index.read('strong', keysIn)).toEqual(['a', 'c']);
  });
});
