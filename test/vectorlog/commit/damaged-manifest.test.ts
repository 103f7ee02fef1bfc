/** A damaged manifest: where nothing can be missing it stops nobody; where something may be, nothing is folded. */

import { beforeEach, describe, expect, it } from 'vitest';
import { assertAppendable } from '../../../vectorlog/commit/appendable.ts';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { IndexDamaged, IndexForeign, IndexRefused } from '../../../vectorlog/commit/errors.ts';
import { readKeyStates } from '../../../vectorlog/commit/key-states.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { Entries } from '../../../vectorlog/read/entries.ts';
import { leftOut } from '../../../vectorlog/read/left-out.ts';
import { LiveIndex } from '../../../vectorlog/read/live-index.ts';
import { Findings } from '../../../vectorlog/repair/findings.ts';
import { verifyFiles } from '../../../vectorlog/repair/verify-files.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { movableClock } from '../../factories/movable-clock.ts';

const MINUTE = 60_000;
const DIMENSIONS = 32;
const origin = { modelId: 'm' };
const clock = movableClock();
let store: MemoryStore;
let version: number;

beforeEach(() => {
  store = new MemoryStore({ clock });
  version = 0x10;
});

const context = () => ({ store, dimensions: DIMENSIONS, clock, logger: silentLogger, budgetBytes: 2 ** 30 });
const compactorOf = (index: ObjectStore = store) =>
  new Compactor({ ...context(), index, ...origin, store: 's' });
const liveIndex = () => new LiveIndex(context());

async function append(...keys: string[]): Promise<void> {
  for (const key of keys) {
    const about = { key: key.replace('-', ''), version: (version++).toString(16) };
    const vectors = new Float32Array(key.startsWith('-') ? 0 : DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS));
    const put = { op: 'put', ...about, eTag: `e${about.version}`, attributes: {}, row: 0 } as const;
    const records = [key.startsWith('-') ? ({ op: 'delete', ...about } as const) : put];
    await assertAppendable(store, clock, origin);
    await writeAppend(store, clock, { records, vectors }, DIMENSIONS);
  }
}

/** Commits what is given, and then what cleaning up has to do. */
async function commit(...keys: string[]): Promise<number> {
  await append(...keys);
  return (await compactorOf().run()).generation;
}

const damage = (generation: number, body = 'null') =>
  store.put(manifestName(generation), new TextEncoder().encode(body));

const keysOf = (index: LiveIndex): Promise<string[]> =>
  index.read('strong', (view) =>
    view.list({ prefix: '', after: undefined, limit: 100 }).entries.map(({ key }) => key),
  );

describe('the newest manifest is damaged', () => {
  it.each([
    ['null', 'null'],
    ['no format', '{"generation":3}'],
    ['no lists', '{"format":1,"generation":3,"modelId":"m","lineage":"l"}'],
    ['cut', '{"format":1,'],
    ['empty', ''],
  ])('%s: searches, uploads and compactions go on, and nothing is lost or comes back', async (_, body) => {
    await commit('a', 'b', 'c');
    await commit('-a', 'd');
    const warm = liveIndex();
    expect(await keysOf(warm)).toEqual(['b', 'c', 'd']);
    await commit('-b', 'e');
    expect(await keysOf(warm)).toEqual(['c', 'd', 'e']);
    await damage(3, body);

    await append('f');
    for (const index of [warm, liveIndex()]) {
      expect(await keysOf(index)).toEqual(['c', 'd', 'e', 'f']);
      expect(index.damage).toMatchObject({ names: [manifestName(3)], mayLack: false });
    }
    expect([...(await readKeyStates(store)).keys()].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await new Entries(context()).read((view) => view.find('e')?.key)).toBe('e');
    expect((await leftOut(store, context())).damage).toMatchObject({ mayLack: false });

    const report = await compactorOf().run();
    expect(report).toMatchObject({ outcome: 'committed', generation: 4, live: 4 });
    expect(report.unreadable).toEqual([manifestName(3)]);
    for (let i = 0; i < 4; i++) {
      clock.skip(20 * MINUTE);
      await compactorOf().run();
    }
    for (const index of [warm, liveIndex()]) {
      expect(await keysOf(index)).toEqual(['c', 'd', 'e', 'f']);
      expect(index.damage).toBeUndefined();
    }
    const findings = new Findings();
    await verifyFiles(store, (await latestManifest(store))!.manifest, DIMENSIONS, findings);
    expect(findings.listed).toEqual([]);
  });

  it.each([
    ['a deletion without a version that can be compared', { markers: [{ key: 'a', version: 5, at: null }] }],
    ['a deletion of no time', { markers: [{ key: 'a', version: '5' }] }],
    ['files to be deleted that have no names', { replaced: [{ names: [5], at: 1 }] }],
    ['appends that were folded at no time', { folded: [{ name: 'log/x', at: 'yesterday' }] }],
    ['codes without a name', { files: { codes: 5 } }],
  ])('%s: it is damage as well, and stops nobody', async (_, wrong) => {
    await commit('a');
    await commit('b');
    const { manifest } = (await latestManifest(store))!;
    const files = { ...manifest.files, ...('files' in wrong && wrong.files) };
    await damage(2, JSON.stringify({ ...manifest, ...wrong, files }));
    await append('c');
    const report = await compactorOf().run();
    expect(report).toMatchObject({ outcome: 'committed', generation: 3, live: 3 });
    expect(report.unreadable).toEqual([manifestName(2)]);
    expect(await keysOf(liveIndex())).toEqual(['a', 'b', 'c']);
  });

  it('the first one: all is in the log still', async () => {
    await commit('a', 'b');
    await damage(1);
    expect(await keysOf(liveIndex())).toEqual(['a', 'b']);
    await append('c');
    expect(await compactorOf().run()).toMatchObject({ outcome: 'committed', generation: 2, live: 3 });
    expect(await keysOf(liveIndex())).toEqual(['a', 'b', 'c']);
  });

  it('the next one begins a lineage, since somebody may have read the damaged one while it was good', async () => {
    await commit('a');
    await commit('b');
    const { lineage } = (await latestManifest(store))!.manifest;
    await commit('c');
    expect((await latestManifest(store))!.manifest.lineage).toBe(lineage);
    await damage(3);
    await commit('d');
    expect((await latestManifest(store))!.manifest.lineage).not.toBe(lineage);
  });

  it('a compactor that has it in memory does not take its rows for those of the one before', async () => {
    let isDamaged = false;
    const index: ObjectStore = {
      ...countingStore(store),
      // As a disk that rots: the list shows nothing of it.
      get: async (key) =>
        isDamaged && key === manifestName(2)
          ? { ...(await store.get(key)), body: new TextEncoder().encode('null') }
          : store.get(key),
    };
    const warm = compactorOf(index);
    for (const keys of [['a'], ['b', '-a']]) {
      await append(...keys);
      await warm.run();
    }
    isDamaged = true;
    await append('c');
    expect(await warm.run()).toMatchObject({ outcome: 'committed', generation: 3, live: 2 });
    expect(await keysOf(liveIndex())).toEqual(['b', 'c']);
    const findings = new Findings();
    await verifyFiles(store, (await latestManifest(store))!.manifest, DIMENSIONS, findings);
    expect(findings.listed).toEqual([]);
  });

  it('a damaged one is read and told of once by each reader', async () => {
    await commit('a');
    await commit('b');
    await damage(2);
    const told: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => told.push(message) };
    const index = new LiveIndex({ ...context(), logger });
    for (let i = 0; i < 3; i++) await keysOf(index);
    expect(told).toEqual(['a manifest cannot be read']);
  });
});

describe('what was committed may be missing', () => {
  /** Two in a row, of which the second has deleted the log of the first. */
  async function twoDamaged(): Promise<void> {
    await commit('a');
    await commit('b', '-a');
    clock.skip(2 * MINUTE);
    await commit('c');
    clock.skip(2 * MINUTE);
    await damage(2);
    await damage(3);
  }

  it('searches and uploads go on with the last good one and say so; nothing is folded or deleted', async () => {
    await twoDamaged();
    await append('d');
    const index = liveIndex();
    // "b" is lost, and "a" was deleted: a commit now would make that last.
    expect(await keysOf(index)).toEqual(['a', 'c', 'd']);
    expect(index.damage).toMatchObject({ names: [manifestName(3), manifestName(2)], mayLack: true });
    expect((await leftOut(store, context())).damage).toMatchObject({ mayLack: true });
    const names = async () => {
      const all: string[] = [];
      for await (const page of store.list({ prefix: '' })) all.push(...page.map(({ key }) => key));
      return all;
    };
    const before = await names();
    await expect(compactorOf().run()).rejects.toThrow(/rebuild the index \(docs\/recovery.md\)/);
    await expect(readKeyStates(store)).rejects.toThrow(IndexDamaged);
    expect(await names()).toEqual(before);
  });

  it('the damaged ones are put back from a copy, and all is as it was', async () => {
    await commit('a');
    await commit('b', '-a');
    clock.skip(2 * MINUTE);
    await commit('c');
    const copies = await Promise.all([2, 3].map(async (n) => (await store.get(manifestName(n))).body));
    await damage(2);
    await damage(3);
    await append('d');
    await expect(compactorOf().run()).rejects.toThrow(IndexDamaged);
    for (const [i, body] of copies.entries()) await store.put(manifestName(i + 2), body);
    expect(await compactorOf().run()).toMatchObject({ outcome: 'committed', live: 3 });
    expect(await keysOf(liveIndex())).toEqual(['b', 'c', 'd']);
  });

  it('files of the last good one are gone: searches say that the index is damaged', async () => {
    await twoDamaged();
    for await (const page of store.list({ prefix: 'index/1-' }))
      await store.delete(page.map(({ key }) => key));
    await expect(keysOf(liveIndex())).rejects.toThrow(IndexDamaged);
  });

  it('none can be read: uploads go on, searches and compactions do not', async () => {
    for (const key of ['a', 'b']) await commit(key);
    for (const generation of [1, 2]) await damage(generation);
    await append('c');
    await expect(compactorOf().run()).rejects.toThrow(IndexDamaged);
    await expect(keysOf(liveIndex())).rejects.toThrow(IndexDamaged);
  });
});

describe('a manifest that is not damaged but not ours', () => {
  it('of a later version: nobody goes on, as what it says is not known', async () => {
    await commit('a');
    await damage(2, '{"format":2,"generation":2}');
    await expect(compactorOf().run()).rejects.toThrow(IndexForeign);
    await expect(keysOf(liveIndex())).rejects.toThrow('update it');
    clock.skip(2 * MINUTE);
    await expect(assertAppendable(store, clock, origin)).rejects.toThrow(IndexRefused);
  });

  it('the last good one below a damaged one still says whose index it is', async () => {
    await commit('a');
    await commit('b');
    await damage(2);
    clock.skip(2 * MINUTE);
    const theirs = { modelId: 'm', store: 'another' };
    await expect(assertAppendable(store, clock, theirs)).rejects.toThrow(IndexRefused);
  });
});
