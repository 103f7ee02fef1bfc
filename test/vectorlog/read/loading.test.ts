/** Loading an index: answers before all of it is there, refusals before any of it is, and failures on the way. */

import { describe, expect, test } from 'vitest';
import { DIMENSIONS, ROW_BYTES } from '../../../pictures/dimensions.ts';
import { latestManifest } from '../../../vectorlog/commit/manifests.ts';
import { IndexTooLarge } from '../../../vectorlog/read/errors.ts';
import { neededBytes } from '../../../vectorlog/read/memory.ts';
import { BLOCK_ROWS } from '../../../vectorlog/scan/row-matrix.ts';
import { ObjectNotFound, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { type Library, library } from '../../factories/library.ts';
import { gate, keysIn, liveIndex } from '../../factories/live-index.ts';

const ROWS = 2 * BLOCK_ROWS + 10;
const BLOCK_BYTES = BLOCK_ROWS * ROW_BYTES;

/** A unit vector with nothing but component `i`. */
const axis = (i: number) =>
  Float32Array.from({ length: DIMENSIONS }, (_, d) => (d === i % DIMENSIONS ? 1 : 0));

/** Two whole blocks and a bit; the picture `i` looks along axis `i`. */
async function severalBlocks(): Promise<Library> {
  const books = library();
  await books.append(...Array.from({ length: ROWS }, (_, i) => ({ put: `${i}`, vector: axis(i) })));
  await books.compact();
  return books;
}

/** The index file of a library, to tell its reads from others. */
const faissFile = async (books: Library) => (await latestManifest(books.index))!.manifest.files.faiss;

describe('an index that is still on its way', () => {
  test('answers by key without waiting for more than one row', async () => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const file = await faissFile(books);
    const held = gate();
    const blocks = { reads: 0 };
    const read = store.read;
    store.read = async (key, range, target) => {
      if (key === file && range.end - range.start > ROW_BYTES) {
        blocks.reads++;
        await held.opened;
      }
      return read(key, range, target);
    };

    const embedding = await index.read('strong', (view) => view.embedding(`${BLOCK_ROWS + 3}`));
    expect(embedding).toEqual(axis(BLOCK_ROWS + 3));
    expect(blocks.reads).toBe(3);
    held.open();
  });

  test.each(['in order', 'backwards'])('finds the same when its blocks come %s', async (order) => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const file = await faissFile(books);
    const gates = [gate(), gate(), gate()];
    const read = store.read;
    store.read = async (key, range, target) => {
      if (key === file && range.end > 1000) await gates[Math.floor(range.start / BLOCK_BYTES)]!.opened;
      return read(key, range, target);
    };
    const wanted = 2 * BLOCK_ROWS + 1;
    const searching = index.read('strong', (view) => view.search([axis(wanted)], { k: 3 }));
    for (const { open } of order === 'backwards' ? gates.toReversed() : gates) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      open();
    }

    const { found, searched } = await searching;
    // The axes repeat after 2,048 pictures, so two of them are the same.
    expect(found[0]!.slice(0, 2).map(({ entry, score }) => [entry.key, score])).toEqual([
      [`${wanted - DIMENSIONS}`, 1],
      [`${wanted}`, 1],
    ]);
    expect(searched).toBe(ROWS);
  });

  test('fails the searches that wait for it when a block does not come, and is loaded again for the next', async () => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const file = await faissFile(books);
    const read = store.read;
    store.read = (key, range, target) =>
      key === file && range.start > BLOCK_BYTES
        ? Promise.reject(new StoreUnavailable('lost'))
        : read(key, range, target);

    await expect(index.read('strong', (view) => view.search([axis(0)], { k: 1 }))).rejects.toThrow('lost');
    store.read = read;
    const { searched } = await index.read('strong', (view) => view.search([axis(0)], { k: 1 }));
    expect(searched).toBe(ROWS);
  });

  test('is loaded again when a block does not come while the next refresh is at work', async () => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const file = await faissFile(books);
    const [block, append] = [gate(), gate()];
    const read = store.read;
    store.read = async (key, range, target) => {
      if (key !== file || range.start < BLOCK_BYTES) return read(key, range, target);
      store.read = read;
      await block.opened;
      throw new StoreUnavailable('lost');
    };
    await index.read('strong', () => {});
    const name = await books.append({ put: 'new' });
    store.before = async (method, key) => {
      if (method === 'get' && key === name) await append.opened;
    };
    const next = index.read('strong', (view) => view.search([axis(0)], { k: 1 }));
    block.open();
    await new Promise((resolve) => setTimeout(resolve, 20));
    append.open();

    expect((await next).searched).toBe(ROWS + 1);
  });

  test('gives up when everything it wants is gone again and again', async () => {
    const books = library();
    await books.append({ put: 'a' });
    const { index, store } = liveIndex(books);
    store.before = (method, key) => {
      if (method === 'get') throw new ObjectNotFound(key);
    };

    await expect(index.read('strong', keysIn)).rejects.toThrow(StoreUnavailable);
  });
});

describe('memory', () => {
  test('an index that is too large is refused before any of it is read', async () => {
    const books = library();
    await books.append(...Array.from({ length: 20 }, (_, i) => ({ put: `${i}` })));
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    const needed = neededBytes(manifest);
    const { index, store } = liveIndex(books, { budgetBytes: needed - 1 });

    const refusal = await index.read('strong', keysIn).catch((error) => error);

    expect(refusal).toBeInstanceOf(IndexTooLarge);
    expect(refusal).toMatchObject({ rows: 20, neededBytes: needed, budgetBytes: needed - 1 });
    expect(store.calls.filter(({ key }) => Object.values(manifest.files).includes(key))).toEqual([]);
    await liveIndex(books, { budgetBytes: needed }).index.read('strong', keysIn);
  });

  test('a tail that does not fit is cut, oldest first, and the view says how much is left', async () => {
    const books = library();
    for (let i = 0; i < 5; i++) await books.append({ put: `${i}` });
    const { index } = liveIndex(books, { budgetBytes: 3.5 * ROW_BYTES });

    const seen = await index.read('strong', async (view) => [await keysIn(view), view.pending]);

    expect(seen).toEqual([['0', '1', '2'], 2]);
  });

  test('a new lineage that does not fit beside the old one waits until that is given back', async () => {
    const books = library();
    await books.append(...Array.from({ length: 10 }, (_, i) => ({ put: `${i}` })));
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    const { index } = liveIndex(books, { budgetBytes: 1.5 * neededBytes(manifest) });
    await index.read('strong', keysIn);
    await books.append(...Array.from({ length: 8 }, (_, i) => ({ delete: `${i}` })));
    await books.compact();
    const held = gate();
    const old = index.read('eventual', async (view) => {
      await held.opened;
      return keysIn(view);
    });

    const next = index.read('strong', keysIn);
    held.open();

    expect(await old).toHaveLength(10);
    expect(await next).toEqual(['8', '9']);
  });
});
