/** What the index knows of every key: all keys once, in the order of their UTF-8 bytes, whatever stands in them. */

import { describe, expect, it } from 'vitest';
import { encodeDead, encodeRow } from '../../../vectorlog/commit/file-formats.ts';
import { knownKeys } from '../../../vectorlog/commit/key-states.ts';
import { commitManifest } from '../../../vectorlog/commit/manifest.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { compareKeys } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';

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
    const rows = Array.from({ length: 50_100 }, (_, i) => ({
      key: `${(i * 7919) % 50_100}${signs[i % signs.length]}.png`,
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
