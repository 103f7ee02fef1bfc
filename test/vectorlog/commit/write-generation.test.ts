/** Which files a generation has: those before that serve on, and those that are written; and the room that they need. */

import { beforeEach, describe, expect, it } from 'vitest';
import { type Base, emptyBase, KeyTable } from '../../../vectorlog/commit/base.ts';
import { SpaceLacking } from '../../../vectorlog/commit/errors.ts';
import type { Folding, NewRow } from '../../../vectorlog/commit/fold-log.ts';
import type { Manifest } from '../../../vectorlog/commit/manifest.ts';
import { assertSpace, writeGeneration } from '../../../vectorlog/commit/write-generation.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { allKeys } from '../store/conformance.ts';

const DIMENSIONS = 32;

const rowOf = (key: string): NewRow => ({
  entry: { key, version: undefined, eTag: 'e', attributes: {} },
  vector: new Float32Array(DIMENSIONS).fill(1),
});
const folding = (added: readonly string[], died: readonly number[] = []): Folding => ({
  added: added.map(rowOf),
  died,
  markers: [],
  dropped: [],
});

let store: MemoryStore;
let base: Base;
let generation: number;
beforeEach(() => {
  store = new MemoryStore();
  base = emptyBase();
  generation = 0;
});

/** Writes a generation and goes on from it; `U2` is what the second one made of a clock. */
async function write(fold: Folding, maxDeadShare = 0.2) {
  generation++;
  const clock = { ...movableClock(), ulid: () => `U${generation}` };
  const before = await allKeys(store);
  const written = await writeGeneration(
    { index: store, clock, dimensions: DIMENSIONS },
    base,
    fold,
    generation,
    { maxDeadShare },
  );
  const made = (await allKeys(store)).filter((key) => !before.includes(key));
  const { advance, ...described } = written;
  const manifest = { ...described, generation } as unknown as Manifest;
  const table = advance();
  base = { committed: { generation, eTag: '', committedAt: 0, manifest }, table };
  const keys = Array.from({ length: table.rows }, (_, row) => table.at(row).key);
  return { ...described, made, keys, live: described.live, tableLive: table.live };
}

/** The files that a generation writes, as `faiss`, say. */
const endings = (made: readonly string[], of: number) =>
  made.map((name) => {
    expect(name.startsWith(`index/${of}-U${of}.`)).toBe(true);
    return name.slice(name.lastIndexOf('.') + 1);
  });
const ALL = ['codes', 'dead', 'faiss', 'jsonl'];
/** A line is `{"key":"a","eTag":"e"}` and its end. */
const LINE = 23;

describe('a generation', () => {
  it('is the first of its lineage where nothing was', async () => {
    const first = await write(folding(['a', 'b', 'c']));
    expect(first).toMatchObject({
      lineage: 'U1',
      rows: 3,
      live: 3,
      leftOut: undefined,
      keys: ['a', 'b', 'c'],
      tableLive: 3,
      files: {
        faiss: 'index/1-U1.faiss',
        rows: 'index/1-U1.jsonl',
        rowsBytes: 3 * LINE,
        dead: 'index/1-U1.dead',
        codes: 'index/1-U1.codes',
        centre: 'U1',
        directions: 8,
      },
    });
    expect(endings(first.made, 1)).toEqual(ALL);
    expect((await store.get(first.files.dead)).body).toEqual(new Uint8Array([0]));
  });

  it('may be of nothing at all', async () => {
    const first = await write(folding([]));
    expect(first).toMatchObject({ rows: 0, live: 0, keys: [] });
    expect(endings(first.made, 1)).toEqual(ALL);
  });

  it('goes on with new files where rows are added', async () => {
    const first = await write(folding(['a', 'b', 'c']));
    const second = await write(folding(['d', 'b'], [1]), 0.9);
    expect(second).toMatchObject({
      lineage: 'U1',
      rows: 5,
      live: 4,
      leftOut: undefined,
      keys: ['a', 'b', 'c', 'd', 'b'],
      tableLive: 4,
      files: { rowsBytes: 5 * LINE, codes: 'index/2-U2.codes', centre: first.files.centre, directions: 8 },
    });
    expect(endings(second.made, 2)).toEqual(ALL);
    expect((await store.get(second.files.dead)).body).toEqual(new Uint8Array([0b00010]));
  });

  it('has another file of dead rows alone where rows only die', async () => {
    const first = await write(folding(['a', 'b', 'c']));
    const second = await write(folding([], [2]), 0.9);
    expect(second).toMatchObject({ lineage: 'U1', rows: 3, live: 2, leftOut: undefined, tableLive: 2 });
    expect(second.files).toEqual({ ...first.files, dead: 'index/2-U2.dead' });
    expect(second.made).toEqual(['index/2-U2.dead']);
    expect((await store.get(second.files.dead)).body).toEqual(new Uint8Array([0b100]));
  });

  it('writes nothing where nothing has changed', async () => {
    const first = await write(folding(['a', 'b', 'c']));
    const second = await write(folding([]));
    expect(second.files).toEqual(first.files);
    expect(second.made).toEqual([]);
    expect(second).toMatchObject({ lineage: 'U1', rows: 3, live: 3 });
  });

  it('gets codes where an older version wrote none', async () => {
    const first = await write(folding(['a', 'b', 'c']));
    const { manifest } = base.committed!;
    const { codes: _, centre: __, directions: ___, ...files } = manifest.files;
    base = { ...base, committed: { ...base.committed!, manifest: { ...manifest, files } } };
    const second = await write(folding([]));
    expect(second.files).toEqual({ ...first.files, codes: 'index/2-U2.codes', centre: 'U2', directions: 8 });
    expect(second.made).toEqual(['index/2-U2.codes']);
  });
});

describe('a new lineage', () => {
  it('begins when more than a share is dead, and not at that share', async () => {
    await write(folding(['a', 'b', 'c', 'd', 'e']));
    const atShare = await write(folding([], [1]));
    expect(atShare).toMatchObject({ lineage: 'U1', rows: 5, live: 4 });
    const past = await write(folding(['f', 'g'], [3]), 0.28);
    expect(past).toMatchObject({
      lineage: 'U3',
      rows: 5,
      live: 5,
      keys: ['a', 'c', 'e', 'f', 'g'],
      tableLive: 5,
      files: { rowsBytes: 5 * LINE, centre: 'U1', directions: 8 },
    });
    expect([...past.leftOut!.members()]).toEqual([1, 3]);
    expect(endings(past.made, 3)).toEqual(ALL);
    expect((await store.get(past.files.dead)).body).toEqual(new Uint8Array([0]));
    expect(Buffer.from((await store.get(past.files.rows)).body).toString()).toBe(
      ['a', 'c', 'e', 'f', 'g'].map((key) => `{"key":"${key}","eTag":"e"}\n`).join(''),
    );
  });

  it('does not begin where nothing has died since, however much is dead', async () => {
    await write(folding(['a', 'b', 'c', 'd', 'e']));
    await write(folding([], [0, 1, 2]), 0.9);
    expect(await write(folding(['f']), 0.2)).toMatchObject({
      lineage: 'U1',
      rows: 6,
      live: 3,
      leftOut: undefined,
    });
    expect(await write(folding([], [3]), 0.2)).toMatchObject({ lineage: 'U4', rows: 2, keys: ['e', 'f'] });
  });
});

describe('the room that a generation needs', () => {
  // A line of "k0" has 24 bytes, one of "é1" 25.
  const fold = folding(['k0', 'é1']);
  /** Asks whether there is room; gives what was said to be needed, and what was asked of files that grow. */
  async function needOf(of: Base, grows?: (file: string) => boolean, given = fold) {
    const asked: unknown[] = [];
    const space = (freeBytes: number) => ({
      freeBytes: async () => freeBytes,
      dimensions: DIMENSIONS,
      ...(grows && {
        grows: async (file: string, bytes: number) => {
          asked.push([file, bytes]);
          return grows(file);
        },
      }),
    });
    const failure = await assertSpace(space(0), of, given).catch((error: unknown) => error);
    if (failure === undefined) return { needed: 0, asked };
    expect(failure).toBeInstanceOf(SpaceLacking);
    const needed = (failure as SpaceLacking).neededBytes;
    await assertSpace(space(needed), of, given);
    await expect(assertSpace(space(needed - 1), of, given)).rejects.toMatchObject({ freeBytes: needed - 1 });
    return { needed, asked: asked.slice(0, asked.length / 3) };
  }
  const baseOf = (files: Partial<Manifest['files']>): Base => {
    const table = new KeyTable();
    table.append(['a', 'b', 'c'].map((key) => ({ key, version: undefined, eTag: 'e' })));
    const manifest = { files: { faiss: 'f', rows: 'r', rowsBytes: 100, dead: 'd', ...files } } as Manifest;
    return { table, committed: { generation: 1, eTag: '', committedAt: 0, manifest } };
  };

  it('is that of all its files', async () => {
    // 45 + 2 * 128 of vectors, 1,184 + 2 * 80 of codes, 49 of lines.
    expect(await needOf(emptyBase())).toEqual({ needed: 301 + 1_344 + 49, asked: [] });
    // 45 + 5 * 128, and 160 + 5 * 64 without directions; 100 of lines before.
    expect((await needOf(baseOf({ codes: 'c' }))).needed).toBe(685 + 480 + 149);
    expect((await needOf(baseOf({ codes: 'c', directions: 8 }))).needed).toBe(685 + 1_584 + 149);
    // Codes that are yet to be made have directions.
    expect((await needOf(baseOf({}))).needed).toBe(685 + 1_584 + 149);
  });

  it('is less by what is there of files that grow', async () => {
    const before = [
      ['f', 45 + 3 * 128],
      ['c', 160 + 3 * 64],
      ['r', 100],
    ];
    expect(await needOf(baseOf({ codes: 'c' }), () => true)).toEqual({
      needed: 685 + 480 + 149 - 429 - 352 - 100,
      asked: before,
    });
    expect(await needOf(baseOf({ codes: 'c' }), (file) => file === 'c')).toEqual({
      needed: 685 + 480 + 149 - 352,
      asked: before,
    });
    expect((await needOf(baseOf({}), () => false)).asked).toEqual([
      ['f', 429],
      ['r', 100],
    ]);
  });

  it('is none where nothing is added, and is not looked at where nobody counts it', async () => {
    expect(await needOf(emptyBase(), undefined, folding([], []))).toEqual({ needed: 0, asked: [] });
    await assertSpace({ dimensions: DIMENSIONS }, emptyBase(), fold);
  });

  it('is said in whole MiB', () => {
    expect(new SpaceLacking(2 ** 20 + 1, 2 ** 20)).toMatchObject({
      retryable: true,
      message: 'folding the log may write 2 MiB and 1 MiB are free; searches go on, free some space',
    });
  });
});
