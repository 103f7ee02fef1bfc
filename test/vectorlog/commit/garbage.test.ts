/** What waits to be deleted, and what does not: to the millisecond, since a grace that is too short loses a search its files. */

import { describe, expect, it } from 'vitest';
import { isWorthFolding, readPortion } from '../../../vectorlog/commit/fold-log.ts';
import {
  expiredNames,
  historyOf,
  listIndexFiles,
  namesOf,
  orphansOf,
  stillRemembered,
  withoutGoneAppends,
  withoutGoneFiles,
} from '../../../vectorlog/commit/garbage.ts';
import { LOG_LIMITS } from '../../../vectorlog/commit/limits.ts';
import type { Manifest } from '../../../vectorlog/commit/manifest.ts';
import { encodeAppend } from '../../../vectorlog/log/append-file.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';

const files = { faiss: 'index/3-A.faiss', rows: 'index/3-A.jsonl', rowsBytes: 9, dead: 'index/3-A.dead' };
const manifest: Manifest = {
  format: 1,
  generation: 3,
  modelId: 'model',
  createdAt: '2026-06-01T12:00:00.000Z',
  lineage: 'A',
  rows: 1,
  live: 1,
  files,
  folded: [
    { name: 'log/1', at: 5_000 },
    { name: 'log/2', at: null },
  ],
  markers: [
    { key: 'a', at: 5_000 },
    { key: 'b', version: '1', at: null },
  ],
  tombstones: [
    { name: 'index/2-B.tombstones', at: 5_000 },
    { name: 'index/3-B.tombstones', at: null },
  ],
  replaced: [
    { names: ['index/1-A.faiss', 'index/1-A.dead'], at: 5_000 },
    { names: ['index/2-A.dead'], at: null },
  ],
};

describe('the history of a commit', () => {
  it('has the time of the commit where the manifest could not know it, and keeps the times before', () => {
    const history = historyOf({ manifest, generation: 3, eTag: 'e', committedAt: 7_000 });

    for (const part of [history.folded, history.markers, history.tombstones, history.replaced])
      expect(part.map(({ at }) => at)).toEqual([5_000, 7_000]);
    expect(history.markers[1]).toEqual({ key: 'b', version: '1', at: 7_000 });
  });

  it('has no tombstones where an older manifest knew none', () => {
    const { tombstones: _, ...older } = manifest;
    expect(historyOf({ manifest: older, generation: 3, eTag: 'e', committedAt: 1 }).tombstones).toEqual([]);
  });

  it('forgets what is gone already, and an entry once all of it is', () => {
    const history = historyOf({ manifest, generation: 3, eTag: 'e', committedAt: 7_000 });
    expect(withoutGoneAppends(history, new Set(['log/2'])).folded).toEqual([{ name: 'log/2', at: 7_000 }]);
    expect(withoutGoneFiles(history, new Set(['index/1-A.dead'])).replaced).toEqual([
      { names: ['index/1-A.dead'], at: 5_000 },
    ]);
  });
});

describe('what has waited long enough', () => {
  const limits = { ...LOG_LIMITS, foldedGraceMs: 60_000, replacedGraceMs: 120_000 };
  // Stores date in whole seconds, so a second more is waited for.
  it.each([
    [5_000 + 60_999, []],
    [5_000 + 61_000, ['log/1']],
    [5_000 + 120_999, ['log/1']],
    [5_000 + 121_000, ['log/1', 'index/1-A.faiss', 'index/1-A.dead']],
    [Number.MAX_SAFE_INTEGER, ['log/1', 'index/1-A.faiss', 'index/1-A.dead']],
  ])('at %i', (now, expected) => {
    expect(expiredNames(manifest, limits, now)).toEqual(expected);
  });

  it('is not a deletion that is younger than any function, nor one whose time nobody knows', () => {
    expect(stillRemembered(manifest.markers, 64_999, 60_000)).toEqual(manifest.markers);
    expect(stillRemembered(manifest.markers, 65_000, 60_000)).toEqual([manifest.markers[1]]);
  });
});

describe('orphans', () => {
  it('are files of this generation or before that nobody names, once they are old enough', async () => {
    const store = new MemoryStore({ clock: { now: () => 1_000 } });
    const needed = [
      'index/3-A.faiss',
      'index/3-A.jsonl',
      'index/3-A.dead',
      'index/3-B.tombstones',
      'index/1-A.faiss',
    ];
    const left = ['index/3-X.faiss', 'index/1-X.codes'];
    const others = ['index/4-X.faiss', 'index/10-X.faiss', 'index/notes.txt'];
    for (const name of [...needed, ...left, ...others]) await store.put(name, new Uint8Array(1));
    await store.put('log/1', new Uint8Array(1));
    const listed = await listIndexFiles(store);

    expect(listed.map(({ name }) => name).toSorted()).toEqual([...needed, ...left, ...others].toSorted());
    expect(orphansOf(manifest, listed).toSorted()).toEqual(left.toSorted());
    expect(orphansOf(manifest, listed, 1_001).toSorted()).toEqual(left.toSorted());
    expect(orphansOf(manifest, listed, 1_000)).toEqual([]);
  });

  it('are no files that the manifest is about, codes among them', () => {
    expect(namesOf(files)).toEqual(['index/3-A.faiss', 'index/3-A.jsonl', 'index/3-A.dead']);
    expect(namesOf({ ...files, codes: 'index/3-A.codes' })).toContain('index/3-A.codes');
  });
});

describe('a run', () => {
  const limits = { foldAppends: 3, foldShare: 0.5, foldAfterMs: 60_000 };
  // 01KT… was drawn at this time.
  const name = (i: number) => `log/01KT0000000000000000000${String(i).padStart(3, '0')}.safetensors`;
  const MADE_AT = 1_780_263_944_192;
  const waiting = (count: number, size: number) =>
    Array.from({ length: count }, (_, i) => ({ name: name(i), size }));

  it.each([
    ['nothing', 0, 0, 0, 0, false],
    ['two small ones, just made', 2, 10, 1_000, 0, false],
    ['as many as make a run', 3, 10, 1_000, 0, true],
    ['half of the bytes of the index', 2, 250, 1_000, 0, true],
    ['less than half of them', 2, 249, 1_000, 0, false],
    ['one that has waited for a minute', 1, 10, 1_000, 60_000, true],
    ['one that has waited for less', 1, 10, 1_000, 59_999, false],
  ])('with %s', (_, count, size, indexBytes, waitedMs, worth) => {
    const all = { ...LOG_LIMITS, ...limits };
    expect(isWorthFolding(waiting(count, size), indexBytes, all, MADE_AT + waitedMs)).toBe(worth);
  });

  it('folds as many as fit, one at the least, and counts the others, those that are gone and those that cannot be read', async () => {
    const store = new MemoryStore();
    const append = encodeAppend({ records: [], vectors: new Float32Array(8) }, 8);
    for (const i of [0, 1, 3]) await store.put(name(i), append);
    await store.put(name(2), new Uint8Array(3));
    const listed = Array.from({ length: 5 }, (_, i) => ({ name: name(i), size: append.length }));

    const all = await readPortion(store, listed, 8, LOG_LIMITS);
    expect([...all.appends.keys()]).toEqual([name(0), name(1), name(3)]);
    expect(all).toMatchObject({ unreadable: [name(2)], pending: 0 });
    const by = async (more: object) => {
      const { appends, pending } = await readPortion(store, listed, 8, { ...LOG_LIMITS, ...more });
      return [appends.size, pending];
    };
    expect(await by({ maxAppendsPerCompaction: 2 })).toEqual([2, 3]);
    expect(await by({ maxBytesPerCompaction: 2 * append.length })).toEqual([2, 3]);
    expect(await by({ maxBytesPerCompaction: 2 * append.length - 1 })).toEqual([1, 4]);
    expect(await by({ maxBytesPerCompaction: 1 })).toEqual([1, 4]);
  });
});
