/** Compaction step by step: what it commits, what it deletes and when, and what it does when it is not alone. */

import { beforeEach, describe, expect, it } from 'vitest';
import { createCompact } from '../../../functions/compact/handler.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { IndexForeign, SpaceLacking } from '../../../vectorlog/commit/errors.ts';
import { decodeDead, decodeRows, rowOffset } from '../../../vectorlog/commit/file-formats.ts';
import { namesOf } from '../../../vectorlog/commit/garbage.ts';
import { FOLDER_LOG_LIMITS, type LogLimits } from '../../../vectorlog/commit/limits.ts';
import { commitManifest, listManifests } from '../../../vectorlog/commit/manifest.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import type { LogRecord } from '../../../vectorlog/log/record.ts';
import { type Logger, silentLogger } from '../../../vectorlog/logger.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { Findings } from '../../../vectorlog/repair/findings.ts';
import { verifyFiles } from '../../../vectorlog/repair/verify-files.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { seededVector } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const clock = movableClock();
let store: MemoryStore;
let version: number;

beforeEach(() => {
  store = new MemoryStore({ clock });
  version = 0x10;
});

const compactorOf = (
  index: ObjectStore = store,
  limits: Partial<LogLimits> = {},
  logger: Logger = silentLogger,
) => new Compactor({ index, modelId: 'm', dimensions: DIMENSIONS, clock, logger, limits });

/** The store as a compactor sees it that others overtake once, just before it commits. */
function overtaken(others: () => Promise<unknown>) {
  const counted = countingStore(store);
  counted.before = async (method, key) => {
    if (method !== 'putIfAbsent' || !key.startsWith('manifest/')) return;
    counted.before = () => {};
    await others();
  };
  return counted;
}

/** One append that puts and deletes (`-key`) some keys. */
function append(...keys: string[]): Promise<string> {
  const puts = keys.filter((key) => !key.startsWith('-'));
  const records = keys.map((key): LogRecord => {
    const about = { version: (version++).toString(16) };
    if (key.startsWith('-')) return { op: 'delete', key: key.slice(1), ...about };
    const picture = {
      eTag: `e${about.version}`,
      attributes: { size: 1, contentType: undefined, metadata: {}, lastModified: '' },
    };
    return { op: 'put', key, ...about, ...picture, row: puts.indexOf(key) };
  });
  const vectors = new Float32Array(puts.length * DIMENSIONS);
  for (const [i, key] of puts.entries()) vectors.set(seededVector(key), i * DIMENSIONS);
  return writeAppend(store, clock, { records, vectors }, DIMENSIONS);
}

async function namesUnder(prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of store.list({ prefix })) names.push(...page.map(({ key }) => key));
  return names;
}

async function rowKeys(): Promise<string[]> {
  const { files } = (await latestManifest(store))!.manifest;
  return decodeRows(files.rows, (await store.get(files.rows)).body).map(({ key }) => key);
}

/** The keys of the live rows, each of which has the vector of its key. */
async function verifyRows(): Promise<string[]> {
  const { files, rows } = (await latestManifest(store))!.manifest;
  const dead = decodeDead(files.dead, (await store.get(files.dead)).body, rows);
  const live: string[] = [];
  for (const [row, key] of (await rowKeys()).entries()) {
    if (dead.has(row)) continue;
    const range = { start: rowOffset(row, DIMENSIONS), end: rowOffset(row + 1, DIMENSIONS) };
    const bytes = await store.read(files.faiss, range);
    expect(new Float32Array(bytes.slice().buffer)).toEqual(seededVector(key));
    live.push(key);
  }
  return live;
}

describe('a compaction', () => {
  it('adds rows at the end of its lineage, and marks the replaced and the deleted', async () => {
    const compactor = compactorOf(store, { maxDeadShare: 0.9 });
    await append('a', 'b', 'c');
    const first = await compactor.run();
    await append('b', '-c', 'd');
    const second = await compactor.run();

    expect(first).toMatchObject({ outcome: 'committed', generation: 1, rows: 3, live: 3, folded: 1 });
    expect(second).toMatchObject({
      generation: 2,
      rows: 5,
      live: 3,
      rowsAdded: 2,
      rowsDied: 2,
      rewritten: false,
    });
    expect(await rowKeys()).toEqual(['a', 'b', 'c', 'b', 'd']);
    const { manifest } = (await latestManifest(store))!;
    expect([...(await store.get(manifest.files.dead)).body]).toEqual([0b00110]);
    expect(manifest.markers).toMatchObject([{ key: 'c', version: '14' }]);
  });

  it('begins a new lineage when more than a fifth is dead', async () => {
    const compactor = compactorOf();
    await append('a', 'b', 'c', 'd');
    await compactor.run();
    const before = (await latestManifest(store))!.manifest.lineage;
    await append('-b');
    const report = await compactor.run();
    expect(report).toMatchObject({ rewritten: true, rows: 3, live: 3 });
    expect(await rowKeys()).toEqual(['a', 'c', 'd']);
    expect((await latestManifest(store))!.manifest.lineage).not.toBe(before);
    // Rows have new numbers; a warm one must know them.
    await append('c', 'e');
    expect(await compactor.run()).toMatchObject({ rows: 5, live: 4 });
  });

  it('costs two lists and a read when there is nothing to do', async () => {
    await append('a');
    await compactorOf().run();
    const counted = countingStore(store);
    const report = await compactorOf(counted).run();
    expect(report).toMatchObject({ outcome: 'idle', generation: 1, live: 1 });
    expect(counted.calls.map(({ method }) => method)).toEqual(['list', 'get', 'list']);
  });

  it('deletes appends after a minute, replaced files after a quarter of an hour, then rests', async () => {
    const compactor = compactorOf();
    await append('a');
    await compactor.run();
    await append('b');
    await compactor.run();
    clock.skip(59 * SECOND);
    expect(await compactor.run()).toMatchObject({ outcome: 'idle' });
    expect(await namesUnder('log/')).toHaveLength(2);
    clock.skip(3 * SECOND);
    expect(await compactor.run()).toMatchObject({ outcome: 'committed', folded: 0, deleted: 2 });
    expect(await namesUnder('log/')).toEqual([]);
    expect(await namesUnder('index/')).toHaveLength(8);
    clock.skip(15 * MINUTE);
    expect(await compactor.run()).toMatchObject({ outcome: 'committed', deleted: 4 });
    expect(await namesUnder('index/')).toHaveLength(4);
    clock.skip(60 * MINUTE);
    expect(await compactor.run()).toMatchObject({ outcome: 'idle' });
  });

  it('measures its waits by the store, however wrong its own clock is', async () => {
    const wrong = { ...clock, now: () => clock.now() + 60 * MINUTE };
    const compactor = new Compactor({
      index: store,
      modelId: 'm',
      dimensions: DIMENSIONS,
      clock: wrong,
      logger: silentLogger,
    });
    await append('a');
    await compactor.run();
    await append('b');
    await compactor.run();
    expect(await namesUnder('log/')).toHaveLength(2);
    expect(await namesUnder('index/')).toHaveLength(8);
  });

  it('keeps the last ten manifests', async () => {
    const compactor = compactorOf();
    for (let i = 0; i < 14; i++) {
      await append(`k${i}`);
      await compactor.run();
    }
    expect((await listManifests(store)).map(({ generation }) => generation)).toEqual([
      5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    ]);
  });

  it('takes as much of the log as a commit may hold, and the handler goes on until nothing waits', async () => {
    const limits = { maxAppendsPerCompaction: 2 };
    for (const key of ['a', 'b', 'c', 'd', 'e']) await append(key);
    expect(await compactorOf(store, limits).run()).toMatchObject({ folded: 2, pending: 3, live: 2 });
    const compact = createCompact({ index: store, modelId: 'm', clock, logger: silentLogger, limits });
    expect(await compact()).toMatchObject({ folded: 3, pending: 0, live: 5, generation: 3 });
  });

  it('steps over an append that cannot be read, and says so', async () => {
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => errors.push(message) };
    const bad = 'log/01KT00000000000000000000AB.safetensors';
    await store.put(bad, new Uint8Array(100));
    await append('a');
    const report = await compactorOf(store, {}, logger).run();
    expect(report).toMatchObject({ outcome: 'committed', live: 1, unreadable: [bad] });
    expect(errors).toHaveLength(1);
    clock.skip(5 * MINUTE);
    await compactorOf().run();
    expect(await namesUnder('log/')).toEqual([bad]);
  });

  describe('an append that cannot be read', () => {
    /** By its name the oldest of all. */
    const bad = 'log/00000000000000000000000000.safetensors';
    beforeEach(() => store.put(bad, new Uint8Array(1_000)).then(() => {}));

    it('does not stand before those that come after it, however large it is', async () => {
      const limits = { maxBytesPerCompaction: 100, maxAppendsPerCompaction: 1 };
      await append('a');
      await append('b');
      expect(await compactorOf(store, limits).run()).toMatchObject({
        folded: 1,
        pending: 1,
        unreadable: [bad],
      });
      expect(await compactorOf(store, limits).run()).toMatchObject({ folded: 1, pending: 0, live: 2 });
    });

    it('does not count among those that have waited for long', async () => {
      await append('a');
      expect((await compactorOf().run()).oldestWaitMs).toBeLessThan(MINUTE);
    });

    it('is no reason to fold where a commit is dear', async () => {
      await append('a');
      await compactorOf().run();
      await append('b');
      const { generation } = (await latestManifest(store))!;
      const compactor = compactorOf(store, { ...FOLDER_LOG_LIMITS, foldShare: 1_000 });
      expect(await compactor.run()).toMatchObject({ outcome: 'idle', generation, unreadable: [bad] });
    });

    it('does not keep deletions from being forgotten', async () => {
      const compactor = compactorOf();
      await append('a', '-x');
      await compactor.run();
      clock.skip(61 * MINUTE);
      for (const key of ['b', 'c']) {
        await append(key);
        await compactor.run();
      }
      expect((await latestManifest(store))!.manifest.markers).toEqual([]);
    });
  });

  it('forgets deletions after an hour, and not before', async () => {
    const compactor = compactorOf();
    await append('a', '-x');
    await compactor.run();
    clock.skip(50 * MINUTE);
    await append('b');
    await compactor.run();
    expect((await latestManifest(store))!.manifest.markers).toHaveLength(1);
    clock.skip(11 * MINUTE);
    await append('c');
    await compactor.run();
    await append('d');
    await compactor.run();
    expect((await latestManifest(store))!.manifest.markers).toEqual([]);
  });

  it('remembers deletions for as long as it is behind with the log, where slow puts may wait', async () => {
    const limits = { maxAppendsPerCompaction: 1 };
    const slow = version++;
    await append('-a');
    await compactorOf().run();
    clock.skip(50 * MINUTE);
    for (const key of ['b', 'c']) await append(key);
    const entry = { eTag: 'e', attributes: {} };
    const late: LogRecord = { op: 'put', key: 'a', version: slow.toString(16), ...entry, row: 0 };
    await writeAppend(store, clock, { records: [late], vectors: seededVector('a') }, DIMENSIONS);
    clock.skip(3 * 60 * MINUTE);
    for (let i = 0; i < 3; i++) {
      expect(await compactorOf(store, limits).run()).toMatchObject({ folded: 1, pending: 2 - i });
      clock.skip(MINUTE);
    }
    expect(await rowKeys()).toEqual(['b', 'c']);
    await append('d');
    await compactorOf().run();
    expect((await latestManifest(store))!.manifest.markers).toEqual([]);
  });

  it('waits for enough to fold where a commit is dear: an amount, a share of the index, or a time', async () => {
    const limits = { ...FOLDER_LOG_LIMITS, foldAppends: 3, foldShare: 0.5 };
    const compactor = compactorOf(store, limits);
    await append(...Array.from({ length: 10 }, (_, i) => `${i}`));
    expect(await compactor.run(), 'a share').toMatchObject({ outcome: 'committed', live: 10 });
    await append('a');
    await append('b');
    expect(await compactor.run()).toMatchObject({ outcome: 'idle', generation: 1 });
    await append('c');
    expect(await compactor.run(), 'an amount').toMatchObject({ folded: 3 });
    await append('-d');
    clock.skip(2 * MINUTE);
    expect(await compactor.run(), 'cleaning up folds nothing').toMatchObject({ generation: 3, folded: 0 });
    const { files } = (await latestManifest(store))!.manifest;
    expect(await namesUnder('index/'), 'what was replaced went').toEqual(namesOf(files).toSorted());
    // Names of appends have the time of the machine.
    clock.skip(Date.now() - clock.now() + 61 * MINUTE);
    expect(await compactor.run(), 'a time').toMatchObject({ folded: 1 });
  });

  it('remembers deletions while it waits for enough to fold', async () => {
    const limits = { ...FOLDER_LOG_LIMITS, foldAfterMs: 5 * 60 * MINUTE };
    for (let i = 0; i < 40; i++) await append(`${i}`);
    await append('-a');
    await compactorOf().run();
    await append('b');
    clock.skip(2 * 60 * MINUTE);
    await compactorOf(store, { ...limits, foldShare: 1, foldAppends: 9 }).run();
    expect((await latestManifest(store))!.manifest.markers).toMatchObject([{ key: 'a' }]);
  });

  it('refuses an index of another model', async () => {
    await append('a');
    await compactorOf().run();
    const other = new Compactor({
      index: store,
      modelId: 'other',
      dimensions: DIMENSIONS,
      clock,
      logger: silentLogger,
    });
    await append('b');
    await expect(other.run()).rejects.toThrow(IndexForeign);
  });

  it('writes down which store and which source it belongs to, and refuses an index of others', async () => {
    const of = (source: string, index = 's3://i') =>
      new Compactor({
        index: store,
        modelId: 'm',
        store: index,
        source,
        dimensions: DIMENSIONS,
        clock,
        logger: silentLogger,
      });
    await append('a');
    await compactorOf().run();
    await append('b');
    // An index without names takes those of the first who has some.
    expect(await of('s3://a').run()).toMatchObject({ outcome: 'committed' });
    await append('c');
    await expect(of('s3://b').run()).rejects.toThrow('s3://a');
    await expect(of('s3://a', 's3://j').run()).rejects.toThrow(IndexForeign);
    expect(await compactorOf().run()).toMatchObject({ outcome: 'committed', live: 3 });
    expect((await latestManifest(store))!.manifest).toMatchObject({ store: 's3://i', source: 's3://a' });
  });
});

describe('compactions that run at once', () => {
  it('commit one generation once; the others lose nothing but their work', async () => {
    for (const key of ['a', 'b', 'c']) await append(key);
    const reports = await Promise.all([1, 2, 3, 4].map(() => compactorOf().run()));
    expect(reports.map(({ outcome }) => outcome).sort()).toEqual(['committed', 'lost', 'lost', 'lost']);
    await append('d');
    clock.skip(16 * MINUTE);
    await compactorOf().run();
    expect((await rowKeys()).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(await namesUnder('index/'), 'what the losers wrote is gone').toHaveLength(8);
  });

  it('stay warm over what others have committed, and read only that', async () => {
    const warm = countingStore(store);
    const compactor = compactorOf(warm);
    for (let i = 0; i < 40; i++) await append(`${i}`);
    await compactor.run();
    await append('0', 'x', '-1');
    await compactorOf().run();
    warm.calls.length = 0;
    await append('x', '-2');
    expect(await compactor.run()).toMatchObject({ live: 39, rowsDied: 2 });
    const { size } = (await store.head((await latestManifest(store))!.manifest.files.rows))!;
    const rowsRead = warm.calls.filter(({ method, key }) => method === 'read' && key.endsWith('.jsonl'));
    expect(rowsRead.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(size / 10);
  });

  it('take back a number that was cleaned away while they slept', async () => {
    const sleeper = countingStore(store);
    let wake = () => {};
    sleeper.before = (method, key) =>
      method === 'putIfAbsent' && key === manifestName(1)
        ? new Promise((resolve) => {
            wake = resolve;
          })
        : undefined;
    await append('a');
    const asleep = compactorOf(sleeper).run();
    const compactor = compactorOf();
    for (let i = 0; i < 12; i++) {
      await append(`k${i}`);
      await compactor.run();
    }
    const before = await namesUnder('');
    wake();
    expect(await asleep).toMatchObject({ outcome: 'lost' });
    expect(await namesUnder('')).toEqual(before);
  });

  it('know a store that was put back to an earlier day', async () => {
    const compactor = compactorOf();
    await append('a', 'b');
    await compactor.run();
    const yesterday = new Map<string, Uint8Array>();
    for (const name of await namesUnder('')) yesterday.set(name, (await store.get(name)).body);
    await append('lost 1', 'lost 2');
    await compactor.run();

    for (const name of await namesUnder('')) await store.delete([name]);
    for (const [name, body] of yesterday) await store.put(name, body);
    await append('c');
    await compactorOf().run();
    await append('d', 'a');
    await compactor.run();
    expect(await rowKeys()).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  it('rebase a rewrite that others have overtaken, and keep what they added and removed', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await append(key);
    await compactorOf().run();
    await append('-a', '-b', 'g', 'c');
    const slow = overtaken(async () => {
      // Folds the same, without rewriting, and goes on.
      await compactorOf(store, { maxDeadShare: 0.9 }).run();
      await append('h', '-d');
      await compactorOf(store, { maxDeadShare: 0.9 }).run();
    });
    const before = (await latestManifest(store))!.manifest;
    expect(await compactorOf(slow).run()).toMatchObject({ outcome: 'committed', rewritten: true, live: 5 });
    const { manifest } = (await latestManifest(store))!;
    expect(manifest).toMatchObject({ generation: 4, rows: 6, live: 5 });
    expect(manifest.lineage).not.toBe(before.lineage);
    expect(await rowKeys()).toEqual(['d', 'e', 'f', 'g', 'c', 'h']);
    expect(await verifyRows()).toEqual(['e', 'f', 'g', 'c', 'h']);
    await append('i');
    expect(await compactorOf().run()).toMatchObject({ live: 6 });
  });

  it('give a rebased rewrite codes, though those of the others are made against another frame', async () => {
    for (const key of ['a', 'b', 'c']) await append(key);
    await compactorOf().run();
    await append('-a', '-b');
    const many = Array.from({ length: 12 }, (_, i) => `many ${i}`);
    const slow = overtaken(async () => {
      await append(...many);
      await compactorOf(store, { maxDeadShare: 0.9 }).run();
    });
    const before = (await latestManifest(store))!.manifest.files;
    expect(await compactorOf(slow).run()).toMatchObject({ outcome: 'committed', rewritten: true, live: 13 });
    const { files } = (await latestManifest(store))!.manifest;
    expect([files.codes, files.centre]).toEqual([expect.any(String), before.centre]);
    expect(await verifyRows()).toEqual(['c', ...many]);
    const findings = new Findings();
    await verifyFiles(store, (await latestManifest(store))!.manifest, DIMENSIONS, findings);
    expect(findings.ok).toBe(true);
  });

  it('give a rewrite up where others keep what it left out', async () => {
    for (const key of ['a', 'b', 'c']) await append(key);
    await compactorOf().run();
    await append('x');
    const racing = overtaken(async () => {
      // Knows only the first of the two appends that wait.
      await compactorOf(store, { maxAppendsPerCompaction: 1 }).run();
    });
    await append('-a', '-b');
    expect(await compactorOf(racing).run()).toMatchObject({ outcome: 'lost' });
    expect(await verifyRows()).toEqual(['a', 'b', 'c', 'x']);
  });

  it('lose when their number is taken before they commit', async () => {
    const racing = overtaken(() => compactorOf().run());
    await append('a');
    expect(await compactorOf(racing).run()).toMatchObject({ outcome: 'lost' });
    expect(await commitManifest(store, (await latestManifest(store))!.manifest)).toBe(false);
  });

  it('leave files behind when they lose, which the first commit a quarter of an hour later deletes', async () => {
    const racing = overtaken(() => compactorOf().run());
    await append('a');
    expect(await compactorOf(racing).run()).toMatchObject({ outcome: 'lost' });
    const { files } = (await latestManifest(store))!.manifest;
    const left = (await namesUnder('index/')).filter((name) => !namesOf(files).includes(name));
    expect(left).toHaveLength(4);
    const compactor = compactorOf();
    const thoseLeft = async () => (await namesUnder('index/')).filter((name) => left.includes(name));

    clock.skip(15 * MINUTE - SECOND);
    expect(await compactor.run()).toMatchObject({ outcome: 'committed', folded: 0, deleted: 1 });
    expect(await thoseLeft()).toEqual(left);
    // A run with nothing to commit does not list the index.
    clock.skip(60 * MINUTE);
    expect(await compactor.run()).toMatchObject({ outcome: 'idle' });
    expect(await thoseLeft()).toEqual(left);
    await append('b');
    expect(await compactor.run()).toMatchObject({ outcome: 'committed', deleted: 4 });
    expect(await thoseLeft()).toEqual([]);
  });
});

describe('space', () => {
  it('that lacks is said before anything is written, and the log is folded when there is some', async () => {
    let free = 20_000;
    const deps = { index: store, modelId: 'm', dimensions: DIMENSIONS, clock, logger: silentLogger };
    const compactor = new Compactor({ ...deps, freeBytes: async () => free });
    await append('a', 'b', 'c');

    const refusal = await compactor.run().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SpaceLacking);
    expect(refusal).toMatchObject({ freeBytes: 20_000, retryable: true });
    expect((refusal as SpaceLacking).neededBytes).toBeGreaterThan(3 * DIMENSIONS * 4);
    expect(await namesUnder('index/')).toEqual([]);

    free = (refusal as SpaceLacking).neededBytes;
    expect((await compactor.run()).outcome).toBe('committed');
  });
});
