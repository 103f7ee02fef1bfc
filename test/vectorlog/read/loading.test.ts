/** Loading an index: answers before all of it is there, refusals before any of it is, and failures on the way. */

import { describe, expect, test } from 'vitest';
import { CodesLayout, encodeCodesHeader, rowOffset } from '../../../vectorlog/commit/file-formats.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { IndexLoading } from '../../../vectorlog/read/errors.ts';
import { Findings } from '../../../vectorlog/repair/findings.ts';
import { verifyFiles } from '../../../vectorlog/repair/verify-files.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { BLOCK_ROWS, DIRECTIONS } from '../../../vectorlog/scan/layout.ts';
import { ObjectNotFound, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import type { ByteRange } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { copy } from '../../factories/copy-store.ts';
import { type Library, library } from '../../factories/library.ts';
import { gate, keysOf, liveIndex } from '../../factories/live-index.ts';

/** So few that two blocks of rows are made in a moment. */
const DIMENSIONS = 64;
const ROW_BYTES = DIMENSIONS * 4;
const ROWS = 2 * BLOCK_ROWS + 10;
const LAYOUT = new CodesLayout(DIMENSIONS, DIRECTIONS);
/** From here on vectors come again. */
const DIFFERENT = 2_048;

const keys = keysOf(DIMENSIONS);

/** A unit vector of four halves: the product of two is the share of them that stands in the same places, 1 or 0.75 at the most. */
function vectorOf(i: number): Float32Array {
  const n = i % DIFFERENT;
  const places = [n % 16, 16 + ((n >>> 4) % 16), 32 + ((n >>> 8) % 16), 48];
  return Float32Array.from({ length: DIMENSIONS }, (_, d) => (places.includes(d) ? 0.5 : 0));
}

/** Two whole blocks and a bit, made once. */
const made = (async () => {
  const books = library({ dimensions: DIMENSIONS });
  await books.append(...Array.from({ length: ROWS }, (_, i) => ({ put: `${i}`, vector: vectorOf(i) })));
  await books.compact();
  return books.index;
})();

/** A library of its own with that index. */
async function severalBlocks(): Promise<Library> {
  const index = new MemoryStore();
  await copy(await made, index);
  return library({ index, dimensions: DIMENSIONS });
}

/** Gives a library's index the codes that an earlier version made of it. */
async function withoutDirections({ index }: Library): Promise<void> {
  const { manifest } = (await latestManifest(index))!;
  const { files, rows } = manifest;
  const { body } = await index.get(files.faiss);
  const vectors = new Float32Array(body.slice(rowOffset(0, DIMENSIONS)).buffer);
  const frame = new Frame(vectorOf(1));
  const header = encodeCodesHeader({ frame, frameRows: rows, rows });
  await index.delete([files.codes!]);
  await index.put(files.codes!, Buffer.concat([header, frame.encode(vectors)]));
  const { directions: _, ...others } = files;
  const text = Buffer.from(JSON.stringify({ ...manifest, files: others }));
  await index.put(manifestName(manifest.generation), text);
}

/** The files of a library's index, to tell their reads from others. */
const filesOf = async (books: Library) => (await latestManifest(books.index))!.manifest.files;

/** The block of codes that a read of the codes file is of; `undefined` for its header. */
const blockOf = ({ start }: ByteRange) =>
  start === 0 ? undefined : Math.floor((start - LAYOUT.headerBytes) / (BLOCK_ROWS * LAYOUT.recordBytes));

describe('an index that is still on its way', () => {
  test('answers first, and reads float32 rows ahead only then', async () => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const { faiss: file } = await filesOf(books);
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
    expect(embedding).toEqual(vectorOf(BLOCK_ROWS + 3));
    expect(blocks.reads).toBe(0);
    const { found } = await index.read('strong', (view) => view.search([vectorOf(3)], { k: 1 }));
    expect(found[0]![0]!.score).toBe(1);
    expect(blocks.reads).toBe(3);
    held.open();
  });

  test('reads many embeddings side by side, those of the log too, in their order', async () => {
    const books = await severalBlocks();
    await books.append({ put: 'new', vector: vectorOf(7) });
    const { index, store } = liveIndex(books);
    const { faiss: file } = await filesOf(books);
    await index.read('strong', () => {});
    const [held, both] = [gate(), gate()];
    let reads = 0;
    const read = store.read;
    store.read = async (key, range, target) => {
      if (key === file && range.end - range.start === ROW_BYTES) {
        if (++reads === 2) both.open();
        await held.opened;
      }
      return read(key, range, target);
    };

    const reading = index.read('strong', (view) => view.embeddings(['9', 'new', 'none', '1500']));
    await both.opened;
    held.open();

    expect(await reading).toEqual([vectorOf(9), vectorOf(7), undefined, vectorOf(1500)]);
  });

  test.each(['in order', 'backwards'])('finds the same when its blocks come %s', async (order) => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const { codes: file } = await filesOf(books);
    const gates = [gate(), gate(), gate()];
    const arrived = [gate(), gate(), gate()];
    const read = store.read;
    store.read = async (key, range, target) => {
      const block = key === file ? blockOf(range) : undefined;
      if (block !== undefined) await gates[block]!.opened;
      const bytes = await read(key, range, target);
      if (block !== undefined) arrived[block]!.open();
      return bytes;
    };
    const wanted = 2 * BLOCK_ROWS + 1;
    const searching = index.read('strong', (view) => view.search([vectorOf(wanted)], { k: 3 }));
    for (const block of order === 'backwards' ? [2, 1, 0] : [0, 1, 2]) {
      gates[block]!.open();
      await arrived[block]!.opened;
    }

    const { found, searched } = await searching;
    // Two of them are the same.
    expect(found[0]!.slice(0, 2).map(({ entry, score }) => [entry.key, score])).toEqual([
      [`${wanted - DIFFERENT}`, 1],
      [`${wanted}`, 1],
    ]);
    expect(searched).toBe(ROWS);
  });

  test('fails the searches that wait for it when a block does not come, and is loaded again for the next', async () => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const { codes: file } = await filesOf(books);
    const read = store.read;
    store.read = (key, range, target) =>
      key === file && blockOf(range) === 1
        ? Promise.reject(new StoreUnavailable('lost'))
        : read(key, range, target);

    await expect(index.read('strong', (view) => view.search([vectorOf(0)], { k: 1 }))).rejects.toThrow(
      'lost',
    );
    store.read = read;
    const { searched } = await index.read('strong', (view) => view.search([vectorOf(0)], { k: 1 }));
    expect(searched).toBe(ROWS);
  });

  test('is loaded on from where it was, not anew, when blocks did not come', async () => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const { codes } = await filesOf(books);
    const read = store.read;
    let broken = true;
    const came: number[] = [];
    store.read = async (key, range, target) => {
      const block = key === codes ? blockOf(range) : undefined;
      if (block === 1 && broken) throw new StoreUnavailable('lost');
      const bytes = await read(key, range, target);
      if (block !== undefined) came.push(block);
      return bytes;
    };
    await expect(index.read('strong', () => {})).rejects.toThrow('lost');
    // Meanwhile another generation takes its place, and its files.
    await books.append({ put: 'new' });
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    store.before = (_, key) => {
      if (key === codes) throw new ObjectNotFound(key);
    };
    broken = false;
    const later: number[] = [];
    store.read = async (key, range, target) => {
      if (key === manifest.files.codes) later.push(blockOf(range)!);
      return read(key, range, target);
    };

    const { searched } = await index.read('strong', (view) => view.search([vectorOf(0)], { k: 1 }));

    expect(searched).toBe(ROWS + 1);
    // The one that was lost, and the new row in the last one.
    expect([...came, ...later].sort()).toEqual([0, 1, 2, 2]);
  });

  test('says how far it is to those who do not wait for ever, and goes on', async () => {
    const books = await severalBlocks();
    const { store, loadingFor } = liveIndex(books);
    const index = loadingFor(1);
    const { codes } = await filesOf(books);
    const held = gate();
    const read = store.read;
    store.read = async (key, range, target) => {
      if (key === codes && blockOf(range) === 2) await held.opened;
      return read(key, range, target);
    };

    const refusal = await index.read('strong', keys).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(IndexLoading);
    const { doneBytes, totalBytes } = refusal as IndexLoading;
    expect(totalBytes).toBeGreaterThan(ROWS * LAYOUT.recordBytes);
    expect(doneBytes).toBeLessThan(totalBytes);
    held.open();
    await expect
      .poll(() => index.read('strong', () => 'there').catch((error: Error) => error.name))
      .toBe('there');
    const blocks = store.calls.filter(
      ({ method, key, bytes }) => method === 'read' && key === codes && bytes,
    );
    expect(blocks).toHaveLength(4);
  });

  test('needs nothing of the rows that are read ahead', async () => {
    const books = await severalBlocks();
    const { index, store } = liveIndex(books);
    const { faiss } = await filesOf(books);
    const read = store.read;
    store.read = (key, range, target) =>
      key === faiss && range.end - range.start > 64 * ROW_BYTES
        ? Promise.reject(new StoreUnavailable('lost'))
        : read(key, range, target);

    const { found } = await index.read('strong', (view) => view.search([vectorOf(5)], { k: 1 }));
    expect(found[0]![0]!.score).toBe(1);
  });

  test('without codes is searched as it is, and with them after the next commit', async () => {
    const books = await severalBlocks();
    const { manifest } = (await latestManifest(books.index))!;
    const { codes, centre: _, ...files } = manifest.files;
    const name = manifestName(manifest.generation);
    await books.index.put(name, Buffer.from(JSON.stringify({ ...manifest, files })));
    await books.index.delete([codes!]);
    const { index, store } = liveIndex(books);
    const find = () => index.read('strong', (view) => view.search([vectorOf(7)], { k: 3 }));
    const before = await find();
    await books.append({ put: 'new', vector: vectorOf(1_000) });
    await books.restarted().compact();
    store.calls.length = 0;

    expect((await find()).found).toEqual(before.found);
    const now = await filesOf(books);
    expect(store.calls.some(({ key }) => key === now.codes)).toBe(true);
  });

  test('with codes of an earlier version is searched and grows, and has directions after a rewrite', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(...Array.from({ length: 40 }, (_, i) => ({ put: `${i}`, vector: vectorOf(i) })));
    await books.compact();
    await withoutDirections(books);
    const { index } = liveIndex(books);
    const other = vectorOf(5).map((x) => -x);
    const find = async (query: Float32Array) => {
      const { found } = await index.read('strong', (view) => view.search([query], { k: 1 }));
      return found[0]![0]!.entry.key;
    };
    expect(await find(vectorOf(10))).toBe('10');

    await books.append({ put: 'new', vector: other }, { delete: '9' });
    await books.restarted().compact();
    expect(await find(other)).toBe('new');
    expect((await filesOf(books)).directions).toBeUndefined();

    await books.append(...Array.from({ length: 30 }, (_, i) => ({ delete: `${i}` })));
    await books.restarted().compact();
    expect(await find(other)).toBe('new');
    expect((await filesOf(books)).directions).toBe(DIRECTIONS);
    const findings = new Findings();
    await verifyFiles(books.index, (await latestManifest(books.index))!.manifest, DIMENSIONS, findings);
    expect(findings.ok).toBe(true);
  });

  test.each([
    ['on its way', 'codes'],
    ['loaded, but for its deletions,', 'dead'],
  ] as const)(
    'goes back to the commit before where the one that is %s cannot be read any more',
    async (_, lost) => {
      const books = library({ dimensions: DIMENSIONS });
      await books.append(...Array.from({ length: 10 }, (_, i) => ({ put: `${i}`, vector: vectorOf(i) })));
      await books.compact();
      const { index, store } = liveIndex(books);
      await index.read('strong', keys);
      for (const i of [20, 21]) {
        await books.append({ put: `${i}`, vector: vectorOf(i) });
        await books.compact();
      }
      const third = (await latestManifest(books.index))!;
      const file = third.manifest.files[lost]!;
      const read = store.read;
      store.read = (key, range, target) =>
        key === file ? Promise.reject(new StoreUnavailable('lost')) : read(key, range, target);
      await expect(index.read('strong', keys)).rejects.toThrow(StoreUnavailable);

      await books.index.put(manifestName(third.generation), Buffer.from('null'));
      expect(await index.read('strong', keys)).toEqual([...books.truth.keys()].toSorted());
    },
  );

  test('gives up when everything it wants is gone again and again', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append({ put: 'a' });
    const { index, store } = liveIndex(books);
    store.before = (method, key) => {
      if (method === 'get') throw new ObjectNotFound(key);
    };

    await expect(index.read('strong', keys)).rejects.toThrow(StoreUnavailable);
  });
});
