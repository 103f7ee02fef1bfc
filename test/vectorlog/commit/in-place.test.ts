/** Compaction on a folder that one server owns: what is there is not written again, and no crash or lost commit harms it. */

import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { SpaceLacking } from '../../../vectorlog/commit/errors.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { LiveIndex } from '../../../vectorlog/read/live-index.ts';
import { Findings } from '../../../vectorlog/repair/findings.ts';
import { verifyFiles } from '../../../vectorlog/repair/verify-files.ts';
import { FileStore } from '../../../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { movableClock } from '../../factories/movable-clock.ts';

const DIMENSIONS = 32;
const MODEL = { modelId: 'm', dimensions: DIMENSIONS, logger: silentLogger };
let folder: string;
let store: FileStore;
let clock: ReturnType<typeof movableClock>;
let version = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-in-place-'));
  store = new FileStore(folder, { growsInPlace: true });
  clock = movableClock();
});
afterEach(() => rm(folder, { recursive: true }));

/** A unit vector that tells a number from every other. */
function vectorOf(i: number): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  vector[0] = Math.cos(i / 100);
  vector[1] = Math.sin(i / 100);
  return vector;
}

async function add(keys: readonly number[]): Promise<void> {
  const vectors = new Float32Array(keys.length * DIMENSIONS);
  for (const [row, key] of keys.entries()) vectors.set(vectorOf(key), row * DIMENSIONS);
  const records = keys.map((key, row) => {
    const versionOf = (version++).toString(16).padStart(18, '0');
    return { op: 'put' as const, key: `k${key}`, version: versionOf, eTag: 'e', attributes: {}, row };
  });
  await writeAppend(store, clock, { records, vectors }, DIMENSIONS);
}

const compactorOf = (index: ObjectStore, more = {}) => new Compactor({ index, clock, ...MODEL, ...more });

const files = async () => (await latestManifest(store))!.manifest.files;
const inode = async (name: string) => (await stat(join(folder, name))).ino;

/** Every key is found by its vector, and verify finds nothing. */
async function assertSound(keys: readonly number[]): Promise<void> {
  const index = new LiveIndex({ store, clock, budgetBytes: 1e9, ...MODEL });
  await index.read('strong', async (view) => {
    expect(view.pictures).toBe(keys.length);
    for (const key of keys) {
      const { found } = await view.search([vectorOf(key)], { k: 1 });
      expect(found[0]![0]!.entry.key).toBe(`k${key}`);
    }
  });
  const problems = new Findings();
  await verifyFiles(store, (await latestManifest(store))!.manifest, DIMENSIONS, problems);
  expect(problems.listed.filter(({ severity }) => severity === 'error')).toEqual([]);
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('compaction in place', () => {
  it('grows the files of the generation before, which stays readable', async () => {
    const compactor = compactorOf(store);
    await add(range(0, 50));
    await compactor.run();
    const before = await files();
    const old = (await latestManifest(store))!.manifest;
    await add(range(50, 60));
    await compactor.run();
    const after = await files();
    for (const file of ['faiss', 'rows', 'codes'] as const)
      expect(await inode(after[file]!), file).toBe(await inode(before[file]!));
    await assertSound(range(0, 60));
    const problems = new Findings();
    await verifyFiles(store, old, DIMENSIONS, problems);
    expect(problems.listed.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('of a process that was killed between growing and commit is done over by the next one', async () => {
    const compactor = compactorOf(store);
    await add(range(0, 50));
    await compactor.run();
    await add(range(50, 60));
    const killed = new Error('killed');
    const dying: ObjectStore = {
      ...bound(store),
      putIfAbsent: async (key, ...rest) => {
        if (key.startsWith('manifest/')) throw killed;
        return store.putIfAbsent(key, ...rest);
      },
    };
    const warm = compactorOf(dying);
    await expect(warm.run()).rejects.toBe(killed);
    await assertSound(range(0, 60));
    // The same process goes on: what has grown without a commit is not built on.
    await add([60]);
    await compactor.run();
    await assertSound(range(0, 61));
    store = new FileStore(folder, { growsInPlace: true });
    await add([61]);
    await compactorOf(store).run();
    await assertSound(range(0, 62));
  });

  it('is told apart from damage: a file that is too short for its rows is found', async () => {
    await add(range(0, 50));
    await compactorOf(store).run();
    const { faiss } = await files();
    await truncate(join(folder, faiss), 45 + 49 * DIMENSIONS * 4);
    const problems = new Findings();
    await verifyFiles(store, (await latestManifest(store))!.manifest, DIMENSIONS, problems);
    expect(problems.listed.map(({ code }) => code)).toContain('file-damaged');
  });

  it('asks for the room of what is new, and for that of a copy where it copies', async () => {
    const compactor = compactorOf(store, {
      freeBytes: async () => 40_000,
      grows: (file: string, bytes: number) => store.grows(file, bytes),
    });
    for (let i = 0; i < 6; i++) {
      await add(range(i * 50, i * 50 + 50));
      await compactor.run();
    }
    await assertSound(range(0, 300));
    await add([300]);
    const copying = compactorOf(new FileStore(folder), { freeBytes: async () => 40_000 });
    await expect(copying.run()).rejects.toThrow(SpaceLacking);
    expect((await readdir(join(folder, '.store/drafts'))).length).toBe(0);
  });
});

/** The methods of a store, free of it. */
const bound = (inner: FileStore): ObjectStore => ({
  get: inner.get.bind(inner),
  read: inner.read.bind(inner),
  head: inner.head.bind(inner),
  list: inner.list.bind(inner),
  put: inner.put.bind(inner),
  putIfAbsent: inner.putIfAbsent.bind(inner),
  compose: inner.compose.bind(inner),
  delete: inner.delete.bind(inner),
});
