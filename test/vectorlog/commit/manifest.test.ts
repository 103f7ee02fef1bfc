/** What is taken for a manifest and what for damage, and what an index belongs to. */

import { describe, expect, it } from 'vitest';
import { IndexDamaged, IndexForeign } from '../../../vectorlog/commit/errors.ts';
import {
  assertOrigin,
  commitManifest,
  listManifests,
  type Manifest,
  originOf,
  readManifest,
} from '../../../vectorlog/commit/manifest.ts';
import { MANIFEST_PREFIX, manifestName } from '../../../vectorlog/names.ts';
import { DIRECTIONS } from '../../../vectorlog/scan/layout.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';

const MANIFEST: Manifest = {
  format: 1,
  generation: 7,
  modelId: 'm',
  createdAt: '2026-11-01T00:00:00.000Z',
  lineage: 'l',
  rows: 3,
  live: 2,
  files: { faiss: 'f', rows: 'r', rowsBytes: 90, dead: 'd', codes: 'c', centre: 'x', directions: DIRECTIONS },
  folded: [{ name: 'log/a', at: null }],
  markers: [{ key: 'k', version: '1', at: 5 }],
  tombstones: [{ name: 'index/t', at: 6 }],
  replaced: [{ names: ['index/o'], at: 7 }],
};
const { files } = MANIFEST;

/** Reads what stands in the place of generation 7. */
async function read(content: unknown): Promise<Manifest> {
  const store = new MemoryStore();
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await store.put(manifestName(7), Buffer.from(text));
  return readManifest(store, 7);
}

describe('a manifest', () => {
  it('is read as it was committed, as JSON, once', async () => {
    const store = new MemoryStore();
    expect(await commitManifest(store, MANIFEST)).toBe(true);
    expect(await commitManifest(store, { ...MANIFEST, rows: 9 })).toBe(false);
    expect(await readManifest(store, 7)).toEqual(MANIFEST);
    expect((await store.get(manifestName(7))).contentType).toBe('application/json');
  });

  it('is listed by its number; what has none is nobody’s', async () => {
    const store = new MemoryStore();
    await commitManifest(store, { ...MANIFEST, generation: 12 });
    await commitManifest(store, MANIFEST);
    await store.put(`${MANIFEST_PREFIX}notes.txt`, Buffer.from('x'));
    expect((await listManifests(store)).map(({ generation }) => generation)).toEqual([7, 12]);
  });

  it('of an older version lacks codes, directions and segments', async () => {
    const { faiss, rows, rowsBytes, dead } = files;
    const { tombstones: _, ...others } = MANIFEST;
    const old = { ...others, rows: 0, live: 0, files: { faiss, rows, rowsBytes: 0, dead } };
    expect(await read(old)).toEqual(old);
    expect(rowsBytes).toBe(90);
    await read({ ...MANIFEST, files: { ...files, directions: 0 } });
  });

  it.each([
    ['text that is no JSON', '{"format":1', ''],
    ['null', null, 'it is no object'],
    ['a text', '"manifest"', 'it is no object'],
    ['a number', 1, 'it is no object'],
    ['no format', { ...MANIFEST, format: undefined }, 'its format is undefined'],
    ['a format of no version', { ...MANIFEST, format: 'two' }, 'its format is "two"'],
    ['format 0', { ...MANIFEST, format: 0 }, 'its format is 0'],
    ['another number', { ...MANIFEST, generation: 8 }, 'it says generation 8'],
    ['no model', { ...MANIFEST, modelId: undefined }, 'a name is missing'],
    ['no lineage', { ...MANIFEST, lineage: 4 }, 'a name is missing'],
    ['no files', { ...MANIFEST, files: undefined }, 'a name is missing'],
    ['files that are null', { ...MANIFEST, files: null }, 'a name is missing'],
    ['no rows file', { ...MANIFEST, files: { ...files, rows: undefined } }, 'a name is missing'],
    ['no FAISS file', { ...MANIFEST, files: { ...files, faiss: 1 } }, 'a name is missing'],
    ['no bitset', { ...MANIFEST, files: { ...files, dead: undefined } }, 'a name is missing'],
    ['half a row', { ...MANIFEST, rows: 2.5 }, 'a count is missing'],
    ['fewer than no rows', { ...MANIFEST, live: -1 }, 'a count is missing'],
    ['no length', { ...MANIFEST, files: { ...files, rowsBytes: undefined } }, 'a count is missing'],
    ['other directions', { ...MANIFEST, files: { ...files, directions: 3 } }, 'unknown directions'],
    ['no list of appends', { ...MANIFEST, folded: {} }, '"folded" is no list of names'],
    ['an append without a name', { ...MANIFEST, folded: [{}] }, '"folded" is no list of names'],
    ['an append that is null', { ...MANIFEST, folded: [null] }, '"folded" is no list of names'],
    ['appends that are names alone', { ...MANIFEST, folded: ['a'] }, '"folded" is no list of names'],
    ['no list of deletions', { ...MANIFEST, markers: undefined }, '"markers" is no list of keys'],
    ['a deletion without a key', { ...MANIFEST, markers: [{ at: 1 }] }, '"markers" is no list of keys'],
    ['no list of segments', { ...MANIFEST, tombstones: 1 }, '"tombstones" is no list of names'],
    ['a segment without a name', { ...MANIFEST, tombstones: [{}] }, '"tombstones" is no list of names'],
    ['no list of old files', { ...MANIFEST, replaced: null }, '"replaced" is no list of names'],
    ['old files without names', { ...MANIFEST, replaced: [{ at: 1 }] }, '"replaced" is no list of names'],
  ])('with %s is damaged, and the error says why', async (_, content, why) => {
    const error = await read(content).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IndexDamaged);
    expect((error as IndexDamaged).message).toContain(manifestName(7));
    expect((error as IndexDamaged).message).toContain(why);
    expect((error as IndexDamaged).cause).toBeInstanceOf(Error);
  });

  it('of a later format is not damaged, and asks for an update', async () => {
    const error = await read({ ...MANIFEST, format: 2 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IndexForeign);
    expect((error as IndexForeign).message).toContain('update it');
  });
});

describe('what an index belongs to', () => {
  const named = { ...MANIFEST, store: 's3://index', source: 's3://images' };
  const own = { modelId: 'm', store: 's3://index', source: 's3://images' };

  it('is told from others by model, store and source, and the error names both', () => {
    expect(() => assertOrigin(named, own)).not.toThrow();
    expect(() => assertOrigin(named, { ...own, modelId: 'n' })).toThrow(
      'generation 7 is of the model m and not of n',
    );
    expect(() => assertOrigin(named, { ...own, store: 's3://b' })).toThrow(
      'generation 7 belongs to the store s3://index and not to s3://b',
    );
    expect(() => assertOrigin(named, { ...own, source: 's3://c' })).toThrow(
      'generation 7 is an index of s3://images and not of s3://c',
    );
  });

  it('is not asked where one side has no name', () => {
    expect(() => assertOrigin(named, { modelId: 'm' })).not.toThrow();
    expect(() => assertOrigin(MANIFEST, own)).not.toThrow();
  });

  it('is written down: the writer’s names, or those of before', () => {
    expect(originOf({ modelId: 'm' }, undefined)).toStrictEqual({ modelId: 'm' });
    expect(originOf({ modelId: 'm' }, own)).toStrictEqual(own);
    expect(originOf({ modelId: 'm', store: 'a', source: 'b' }, own)).toStrictEqual({
      modelId: 'm',
      store: 'a',
      source: 'b',
    });
  });
});
