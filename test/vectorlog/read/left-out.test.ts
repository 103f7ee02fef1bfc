/** What a search cannot take in, told from a list and a manifest alone. */

import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../vectorlog/commit/manifest.ts';
import { appendName, manifestName } from '../../../vectorlog/names.ts';
import { leftOut } from '../../../vectorlog/read/left-out.ts';
import { neededBytes } from '../../../vectorlog/read/memory.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';

const DIMENSIONS = 32;
const append = (i: number) => appendName(`01KT000000000000000000000${i}`);

const manifest = (generation: number, folded: readonly string[]): Manifest => ({
  format: 1,
  generation,
  modelId: 'm',
  createdAt: '2026-06-01T12:00:00.000Z',
  lineage: 'L',
  rows: 9,
  live: 9,
  files: { faiss: 'index/1.faiss', rows: 'index/1.jsonl', rowsBytes: 900, dead: 'index/1.dead' },
  folded: folded.map((name) => ({ name, at: null })),
  markers: [],
  replaced: [],
});
const INDEX_BYTES = neededBytes(manifest(1, []), DIMENSIONS);

/** Three appends of 100 bytes, and these manifests. */
async function storeWith(manifests: readonly unknown[]) {
  const store = new MemoryStore();
  for (const i of [1, 2, 3]) await store.put(append(i), new Uint8Array(100));
  for (const [i, each] of manifests.entries())
    await store.put(manifestName(i + 1), Buffer.from(JSON.stringify(each)));
  return countingStore(store);
}

describe('what a search leaves out', () => {
  test.each([
    ['no index, room for all', [], 300, 0],
    ['no index, room for two and a bit', [], 299, 1],
    ['no index, no room', [], 0, 3],
    ['an index that has folded one, room for the others', [manifest(1, [append(1)])], INDEX_BYTES + 200, 0],
    ['an index, room for one more', [manifest(1, [append(1)])], INDEX_BYTES + 199, 1],
    ['an index that fits by itself', [manifest(1, [append(2)])], INDEX_BYTES, 2],
    ['an index that does not fit', [manifest(1, [])], INDEX_BYTES - 1, 3],
    ['an index that has folded all', [manifest(1, [append(1), append(2), append(3)])], 0, 0],
  ])('%s', async (_, manifests, budgetBytes, pending) => {
    const store = await storeWith(manifests);
    expect(await leftOut(store, { dimensions: DIMENSIONS, budgetBytes })).toEqual({
      pending,
      damage: undefined,
    });
    expect(store.calls.map(({ method }) => method)).toEqual(['list', ...manifests.map(() => 'get')]);
  });

  test.each([
    ['the newest', [manifest(1, [append(1)]), null], [manifestName(2)]],
    ['the only one', [null], [manifestName(1)]],
  ])('and which manifests cannot be read: %s', async (_, manifests, names) => {
    const store = await storeWith(manifests);
    const { pending, damage } = await leftOut(store, { dimensions: DIMENSIONS, budgetBytes: 2 ** 30 });
    expect(pending).toBe(0);
    expect(damage).toMatchObject({ names, mayLack: false });
  });
});
