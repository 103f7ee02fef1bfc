/** What the index knows of every key: all keys once, in the order of their UTF-8 bytes, whatever stands in them. */

import { describe, expect, it } from 'vitest';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { encodeDead, encodeRow } from '../../../vectorlog/commit/file-formats.ts';
import { inKeyOrder, knownKeys, liveRows, readKeyStates } from '../../../vectorlog/commit/key-states.ts';
import { commitManifest } from '../../../vectorlog/commit/manifest.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import type { LogRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { ObjectNotFound, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { compareKeys, type ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { putRecord as put } from '../../factories/log-records.ts';
import { movableClock } from '../../factories/movable-clock.ts';

const DIMENSIONS = 32;

/** An index of these rows, none of them dead. */
async function indexOf(rows: readonly { key: string; eTag: string }[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  const lines = Buffer.from(
    rows.map((row) => encodeRow({ ...row, version: undefined, attributes: {} })).join(''),
  );
  await store.put('rows', lines);
  await store.put('dead', encodeDead(new Bitset(rows.length)));
  await commitManifest(store, {
    format: 1,
    generation: 1,
    modelId: 'm',
    createdAt: '',
    lineage: 'l',
    rows: rows.length,
    live: rows.length,
    files: { faiss: 'faiss', rows: 'rows', rowsBytes: lines.length, dead: 'dead' },
    folded: [],
    markers: [],
    replaced: [],
  });
  return store;
}

async function known(store: MemoryStore): Promise<{ key: string; eTag?: string }[]> {
  const found: { key: string; eTag?: string }[] = [];
  for await (const { key, state } of knownKeys(store))
    found.push({ key, ...(state.state === 'live' && { eTag: state.eTag }) });
  return found;
}

describe('the keys of an index', () => {
  it('come in the order of UTF-8 bytes, those with line separators among them, however many there are', async () => {
    const signs = ['\u2028', '\u2029', '\u0085', '\r', '\uFF5E', '🖼️'];
    const rows = Array.from({ length: 5_100 }, (_, i) => ({
      key: `${(i * 7919) % 5_100}${signs[i % signs.length]}.png`,
      eTag: `${i}`,
    }));
    expect(await known(await indexOf(rows))).toEqual(rows.toSorted((a, b) => compareKeys(a.key, b.key)));
  });

  it('come once, where a damaged index has one in two live rows', async () => {
    const rows = [
      { key: 'a', eTag: '1' },
      { key: 'b', eTag: '2' },
      { key: 'a', eTag: '3' },
    ];
    expect(await known(await indexOf(rows))).toEqual([
      { key: 'a', eTag: '3' },
      { key: 'b', eTag: '2' },
    ]);
  });
});

describe('the log of an index', () => {
  const clock = movableClock();
  const write = async (store: ObjectStore, ...records: LogRecord[]) => {
    const vectors = new Float32Array(records.filter(({ op }) => op === 'put').length * DIMENSIONS);
    return writeAppend(store, clock, { records, vectors }, DIMENSIONS);
  };
  const fold = (index: ObjectStore) =>
    new Compactor({ index, modelId: 'm', dimensions: DIMENSIONS, clock, logger: silentLogger }).run();

  it('has the last word over rows and tombstones, but for what is folded', async () => {
    const store = new MemoryStore({ clock });
    expect([...(await readKeyStates(store))]).toEqual([]);
    await write(store, put('replaced', '10'), put('deleted', '10'), put('stays', '10'));
    await write(store, { op: 'delete', key: 'comes back', version: '10' });
    await fold(store);
    await write(store, put('replaced', '20'), { op: 'delete', key: 'deleted', version: '20' });
    await write(store, put('comes back', '20'), { op: 'delete', key: 'not known', version: '20' });
    expect(Object.fromEntries(await readKeyStates(store))).toEqual({
      'comes back': { state: 'live', version: '20', eTag: 'e20' },
      deleted: { state: 'deleted', version: '20' },
      'not known': { state: 'deleted', version: '20' },
      replaced: { state: 'live', version: '20', eTag: 'e20' },
      stays: { state: 'live', version: '10', eTag: 'e10' },
    });
  });

  it('is not asked for what is folded, and what cannot be read of it is left out', async () => {
    const store = countingStore(new MemoryStore({ clock }));
    const folded = await write(store, put('a', '10'));
    await fold(store);
    const gone = await write(store, put('b', '10'));
    const unreadable = await write(store, put('c', '10'));
    await write(store, put('d', '10'));
    await store.put(unreadable, new TextEncoder().encode('no append'));
    store.before = (method, key) => {
      if (key === gone && method !== 'list') throw new ObjectNotFound(key);
    };
    store.calls.length = 0;
    expect([...(await readKeyStates(store)).keys()]).toEqual(['a', 'd']);
    expect(store.calls.map(({ key }) => key)).not.toContain(folded);

    store.before = (_, key) => {
      if (key === gone) throw new StoreUnavailable('no answer');
    };
    await expect(readKeyStates(store)).rejects.toThrow(StoreUnavailable);
  });

  it('is told of in the order of keys, those that are asked for', async () => {
    const store = new MemoryStore({ clock });
    await write(store, put('b/2', '10'), put('a/1', '10'), put('b/1', '10'));
    const states = await readKeyStates(store);
    expect([...inKeyOrder(states, (key) => key.startsWith('b/'))].map(({ key }) => key)).toEqual([
      'b/1',
      'b/2',
    ]);
  });

  it('leaves out the rows that are dead, wherever they stand', async () => {
    const store = new MemoryStore({ clock });
    await write(store, ...Array.from({ length: 12 }, (_, i) => put(`${i + 10}`, '10')));
    await fold(store);
    for (const key of ['10', '13']) await write(store, { op: 'delete', key, version: '20' });
    await fold(store);
    const { manifest } = (await latestManifest(store))!;
    expect(manifest).toMatchObject({ rows: 12, live: 10 });
    const rows: string[] = [];
    for await (const block of liveRows(store, manifest)) rows.push(...block.map(({ key }) => key));
    expect(rows).toEqual(['11', '12', '14', '15', '16', '17', '18', '19', '20', '21']);
  });
});
