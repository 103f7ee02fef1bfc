/** One list tells a reader of log and commits, and whether what it has is still part of their history. */

import { describe, expect, test } from 'vitest';
import type { Committed } from '../../../vectorlog/commit/manifest.ts';
import { appendName, LOG_PREFIX, MANIFEST_END, manifestName } from '../../../vectorlog/names.ts';
import { isInHistory, StoreStateReader } from '../../../vectorlog/read/store-state.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';

const append = (i: number) => appendName(`01KT0000000000000000000${String(i).padStart(3, '0')}`);
const NOW = 1_780_000_000_000;

async function storeOf(names: readonly string[], pageSize = 1_000) {
  const store = new MemoryStore({ clock: { now: () => NOW }, pageSize });
  for (const [size, name] of names.entries()) await store.put(name, new Uint8Array(size));
  return countingStore(store);
}

const eTagOf = async (store: Awaited<ReturnType<typeof storeOf>>, key: string) =>
  (await store.head(key))!.eTag;

describe('a look at the store', () => {
  test.each([1_000, 2])('sees appends and commits and nothing else, on pages of %i', async (pageSize) => {
    const names = [
      append(2),
      manifestName(7),
      append(1),
      manifestName(6),
      'log/notes.txt',
      'manifest/7.json',
      'index/1-A.faiss',
      'rejected/x.json',
    ];
    const store = await storeOf(names, pageSize);

    expect(await new StoreStateReader(store).look()).toEqual({
      appends: [
        { name: append(1), size: 2 },
        { name: append(2), size: 0 },
      ],
      commits: [
        { generation: 6, eTag: await eTagOf(store, manifestName(6)), committedAt: NOW },
        { generation: 7, eTag: await eTagOf(store, manifestName(7)), committedAt: NOW },
      ],
    });
  });

  test.each([
    ['three and some spare', 2, 1, 35],
    ['no more than a page can have', 990, 1, 1_000],
    ['some spare where there was nothing', 0, 0, 32],
  ])('asks for as many as there were the last time: %s', async (_, appends, commits, pageSize) => {
    const store = await storeOf([
      ...Array.from({ length: appends }, (_, i) => append(i)),
      ...Array.from({ length: commits }, (_, i) => manifestName(1 + i)),
    ]);
    const reader = new StoreStateReader(store);
    await reader.look();
    await reader.look();
    const about = { prefix: '', startAfter: LOG_PREFIX, endBefore: MANIFEST_END };
    expect(store.listed).toEqual([
      { ...about, pageSize: 1_000 },
      { ...about, pageSize },
    ]);
  });
});

describe('a commit that was read', () => {
  const commit = (generation: number, eTag = 'e') => ({ generation, eTag, committedAt: 0 });
  // Only these two fields tell it.
  const read = commit(3) as Committed;

  test.each([
    ['none, of an empty store', undefined, [], true],
    ['none, of any store', undefined, [commit(1)], true],
    ['the newest', read, [commit(2), commit(3)], true],
    ['an older one', read, [commit(3), commit(4)], true],
    ['one that was cleaned away', read, [commit(4), commit(5)], true],
    ['one whose number has another commit now', read, [commit(2), commit(3, 'other'), commit(4)], false],
    ['one that is missing among others', read, [commit(2), commit(4)], false],
    ['one that comes after all others', read, [commit(1), commit(2)], false],
    ['one of a store that is empty now', read, [], false],
  ])('%s', (_, committed, listed, expected) => {
    expect(isInHistory(committed, listed)).toBe(expected);
  });
});
