/** Disasters and the way back: what `verify` says of each, and that `backfill` or `rebuild` mends it. */

import { beforeEach, describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { backfill } from '../../../pictures/ingest/backfill.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { encodeBackfillMessage } from '../../../pictures/ingest/messages.ts';
import { NothingToRebuildFrom, rebuild } from '../../../pictures/maintenance/rebuild.ts';
import { verify } from '../../../pictures/maintenance/verify.ts';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { IndexForeign, IndexRefused } from '../../../vectorlog/commit/errors.ts';
import { LOG_LIMITS } from '../../../vectorlog/commit/limits.ts';
import { listManifests } from '../../../vectorlog/commit/manifest.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { appendName, manifestName } from '../../../vectorlog/names.ts';
import { LiveIndex } from '../../../vectorlog/read/live-index.ts';
import { ObjectOutOfReach, ObjectUnreadable, StoreUnsuitable } from '../../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { badPicture, fakeEmbedder } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { s3Event } from '../../factories/s3-events.ts';

const clock = movableClock();
const text = (content: string) => new TextEncoder().encode(content);
let pictures: MemoryStore;
let index: MemoryStore;
let queue: string[];
let sequencer: number;

const { modelId } = fakeEmbedder().model;
const send = async (bodies: readonly string[]) => void queue.push(...bodies);
const deps = () => ({ pictures, index, modelId, clock, send });

beforeEach(async () => {
  pictures = new MemoryStore({ clock });
  index = new MemoryStore({ clock });
  queue = [];
  sequencer = 0x100;
  for (let i = 0; i < 30; i++) await upload(`album/${i}`, text(`picture ${i}`));
  await upload('bad', badPicture());
  await work();
});

async function upload(key: string, body: Uint8Array): Promise<void> {
  const { eTag } = await pictures.put(key, body);
  queue.push(
    JSON.stringify(s3Event({ key, sequencer: (sequencer++).toString(16), eTag, size: body.length })),
  );
}

/** on-upload takes all that is in the queue, then the log is compacted. */
async function work({ compact = true } = {}): Promise<void> {
  const messages = queue.splice(0).map((body, i) => ({ id: `${i}`, body }));
  const embedder = fakeEmbedder();
  const report = await ingest({ pictures, index, embedder, clock, logger: silentLogger }, messages);
  expect([...report.failed]).toEqual([]);
  if (compact)
    await new Compactor({ index, modelId, dimensions: DIMENSIONS, clock, logger: silentLogger }).run();
}

async function found(): Promise<string[]> {
  const live = new LiveIndex({
    dimensions: DIMENSIONS,
    store: index,
    clock,
    logger: silentLogger,
    budgetBytes: 2 ** 30,
  });
  return live.read('strong', (view) =>
    view.list({ prefix: '', after: undefined, limit: 100 }).entries.map(({ key, eTag }) => `${key} ${eTag}`),
  );
}

async function inBucket(): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of pictures.list({ prefix: '' }))
    for (const { key, eTag } of page) if (key !== 'bad') keys.push(`${key} ${eTag}`);
  return keys;
}

async function namesUnder(prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of index.list({ prefix })) names.push(...page.map(({ key }) => key));
  return names;
}

const codes = async () => (await verify(deps())).counts;

describe('an index without faults', () => {
  it('is verified to the last eTag, log included', async () => {
    await upload('in the log', text('new'));
    await work({ compact: false });
    expect(await verify(deps())).toMatchObject({
      ok: true,
      live: 30,
      appends: 2,
      compared: 32,
      problems: [],
    });
  });

  it('gives a backfill nothing to do', async () => {
    expect(await backfill(deps())).toMatchObject({ compared: 32 - 1, missing: 0, changed: 0, gone: 0 });
    expect(queue).toEqual([]);
  });
});

describe('a backfill', () => {
  beforeEach(async () => {
    await pictures.put('never told', text('never told'));
    await pictures.put('album/3', text('changed in silence'));
    await pictures.delete(['album/4']);
  });

  it('finds what no event told of, and on-upload does the rest', async () => {
    expect(await codes()).toEqual({ 'picture-missing': 1, 'picture-changed': 1, 'picture-gone': 1 });
    expect(await backfill(deps())).toMatchObject({ missing: 1, changed: 1, gone: 1 });
    await work();
    expect(await found()).toEqual(await inBucket());
    expect(await codes()).toEqual({});
  });

  it('leaves the last word to events that come between', async () => {
    await backfill(deps());
    const late = queue.splice(0);
    await upload('album/3', text('by an event'));
    await upload('album/4', text('picture 4'));
    await upload('never told', text('told now'));
    await work({ compact: false });
    queue.push(...late);
    await work();
    expect(await found()).toEqual(await inBucket());
  });

  it('goes on from its cursor, and asks no one when it is a rehearsal', async () => {
    const all = await backfill(deps(), { dryRun: true });
    expect(queue).toEqual([]);
    expect(all).toMatchObject({ missing: 1, changed: 1, gone: 1, cursor: 'never told' });
    expect(await backfill(deps(), { startAfter: 'album/4' })).toMatchObject({
      missing: 1,
      changed: 0,
      gone: 0,
    });
    expect(await backfill(deps(), { prefix: 'album/' })).toMatchObject({ missing: 0, changed: 1, gone: 1 });
  });

  it('clears entries of bad pictures that are not there any more', async () => {
    await pictures.delete(['bad']);
    expect((await codes())['rejection-outdated']).toBe(1);
    await backfill(deps());
    expect((await codes())['rejection-outdated']).toBeUndefined();
  });

  it('leaves entries alone of bad pictures that nobody can look at now', async () => {
    pictures.head = async (key) => {
      throw new ObjectOutOfReach(key);
    };
    const there = await namesUnder('rejected/');
    expect(there).toHaveLength(1);
    await backfill(deps());
    expect((await codes())['rejection-outdated']).toBeUndefined();
    expect(await namesUnder('rejected/')).toEqual(there);
  });

  it('cannot bring back what was deleted after it looked', async () => {
    const { eTag } = (await pictures.head('never told'))!;
    const put = {
      op: 'put',
      key: 'never told',
      version: undefined,
      eTag,
      size: 1,
      basis: { state: 'absent' },
    } as const;
    queue.push(
      JSON.stringify(
        s3Event({ eventName: 'ObjectRemoved:DeleteMarkerCreated', key: 'never told', sequencer: 'FFF' }),
      ),
    );
    await work();
    queue.push(encodeBackfillMessage(put));
    await work();
    expect((await found()).join()).not.toContain('never told');
  });
});

describe('when', () => {
  it('the latest manifest is lost, the one before serves, and a backfill finds the rest', async () => {
    await upload('late', text('late'));
    await work();
    clock.skip(2 * 60_000);
    await new Compactor({ index, modelId, dimensions: DIMENSIONS, clock, logger: silentLogger }).run();
    const manifests = await listManifests(index);
    for (const { generation } of manifests.slice(1)) await index.delete([manifestName(generation)]);
    expect(await codes()).toMatchObject({ 'picture-missing': 1 });
    await backfill(deps());
    await work();
    expect(await found()).toEqual(await inBucket());
    expect(await verify(deps())).toMatchObject({ ok: true });
  });

  it('a log object is deleted before it was folded, a backfill finds what it said', async () => {
    await upload('only in the log', text('log'));
    await work({ compact: false });
    for await (const page of index.list({ prefix: 'log/' })) await index.delete([page.at(-1)!.key]);
    expect(await codes()).toEqual({ 'picture-missing': 1 });
    await backfill(deps());
    await work();
    expect(await found()).toEqual(await inBucket());
  });

  it('the FAISS file is damaged, verify says where, and a rebuild makes a new one', async () => {
    const { faiss } = (await latestManifest(index))!.manifest.files;
    const { body } = await index.get(faiss);
    body.fill(0xff, 45 + 3 * 8192, 45 + 4 * 8192);
    await index.put(faiss, body);
    const report = await verify(deps());
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([
      { severity: 'error', code: 'not-a-unit-vector', subject: faiss, detail: 'row 3' },
    ]);

    expect(await rebuild(deps())).toMatchObject({ missing: 30 });
    await work();
    expect(await found()).toEqual(await inBucket());
    expect(await verify(deps())).toMatchObject({ ok: true, counts: {} });
  });

  it('the log is damaged before it was folded, a rebuild replaces it too and remembers its deletions', async () => {
    await upload('late', text('late'));
    const before = new Set(await namesUnder('log/'));
    await work({ compact: false });
    const [name] = (await namesUnder('log/')).filter((each) => !before.has(each));
    const { body } = await index.get(name!);
    body.fill(0xff, body.length - 8192);
    await index.put(name!, body);
    expect(await codes()).toMatchObject({ 'not-a-unit-vector': 1 });
    await pictures.delete(['album/7']);
    const event = s3Event({ key: 'album/7', eventName: 'ObjectRemoved:Delete', sequencer: 'F000' });
    queue.push(JSON.stringify(event));
    await work({ compact: false });
    await rebuild(deps());
    expect((await latestManifest(index))!.manifest.markers).toContainEqual({
      key: 'album/7',
      version: 'F000',
      at: null,
    });
    await work();
    expect(await found()).toEqual(await inBucket());
    expect(await verify(deps())).toMatchObject({ ok: true });
  });

  it('an append that was written late speaks of what a picture was before, a rebuild does not show that', async () => {
    const before = new Set(await namesUnder('log/'));
    await upload('album/3', text('the picture before'));
    await work({ compact: false });
    const [late] = (await namesUnder('log/')).filter((each) => !before.has(each));
    const { body } = await index.get(late!);
    await upload('album/3', text('the picture now'));
    await work();

    await rebuild(deps());
    await index.put(appendName(clock.ulid()), body);
    expect(await found()).toEqual([]);
    await work();
    expect(await found()).toEqual(await inBucket());
  });

  it('a library has more pictures than a manifest should have versions, a rebuild keeps them in a segment', async () => {
    for (let i = 0; i < LOG_LIMITS.tombstonesInManifest; i++) await upload(`many/${i}`, text(`picture ${i}`));
    const before = new Set(await namesUnder('log/'));
    await work({ compact: false });
    const late = (await namesUnder('log/')).filter((each) => !before.has(each));
    const bodies = await Promise.all(late.map(async (each) => (await index.get(each)).body));
    for (let i = 0; i < LOG_LIMITS.tombstonesInManifest; i++) await upload(`many/${i}`, text(`another ${i}`));
    await work();

    await rebuild(deps());
    const { manifest } = (await latestManifest(index))!;
    expect(manifest.markers).toEqual([]);
    expect(manifest.tombstones).toHaveLength(1);
    for (const body of bodies) await index.put(appendName(clock.ulid()), body);
    expect(await found()).toEqual([]);
    await work();
    expect(await verify(deps())).toMatchObject({ ok: true });
  });

  it('only a part is to be made anew, a rebuild with a prefix empties nothing and embeds that part again', async () => {
    const { generation } = (await latestManifest(index))!;
    const some = (await inBucket()).filter((picture) => picture.startsWith('album/1')).length;
    expect(await rebuild(deps(), { prefix: 'album/1', dryRun: true })).toMatchObject({ missing: some });
    expect(queue).toHaveLength(0);
    expect(await rebuild(deps(), { prefix: 'album/1' })).toMatchObject({ missing: some, compared: some });
    expect((await latestManifest(index))!.generation).toBe(generation);
    expect(queue).toHaveLength(some);
    expect(await found()).toEqual(await inBucket());
    await work();
    expect((await latestManifest(index))!.generation).toBeGreaterThan(generation);
    expect(await found()).toEqual(await inBucket());
    expect(await verify(deps())).toMatchObject({ ok: true });
  });

  it('a rebuild is only counted, it says how many pictures it would embed and changes nothing', async () => {
    const { generation } = (await latestManifest(index))!;
    expect(await rebuild(deps(), { dryRun: true })).toMatchObject({ compared: 31, missing: 31 });
    expect((await latestManifest(index))!.generation).toBe(generation);
  });

  it.each([
    ['there are none', () => new MemoryStore({ clock })],
    [
      'they cannot be listed',
      () => {
        const broken = new MemoryStore({ clock });
        broken.list = async function* () {
          yield* [];
          throw new StoreUnsuitable('permission denied');
        };
        return broken;
      },
    ],
  ])('the pictures are not there to rebuild from, the index stays: %s', async (_, store) => {
    const before = await found();
    await expect(rebuild({ ...deps(), pictures: store() })).rejects.toThrow(NothingToRebuildFrom);
    expect(await found()).toEqual(before);
  });

  describe('some of the pictures are in an archive', () => {
    const archived = (...keys: string[]): ObjectStore => {
      const refuse = (key: string) => {
        if (keys.includes(key)) throw new ObjectUnreadable(key, 'archived', 'InvalidObjectState');
      };
      const isArchived = true as const;
      return {
        ...countingStore(pictures),
        get: async (key, options) => {
          refuse(key);
          return pictures.get(key, options);
        },
        read: async (key, range, target) => {
          refuse(key);
          return pictures.read(key, range, target);
        },
        list: async function* (options) {
          for await (const page of pictures.list(options))
            yield page.map((each) => (keys.includes(each.key) ? { ...each, isArchived } : each));
        },
      };
    };

    it('what is indexed of them stays when all under a prefix are indexed again, asked for or not', async () => {
      const before = await found();
      const some = archived('album/0', 'album/1');
      const report = await rebuild({ ...deps(), pictures: some }, { prefix: 'album/' });
      expect(report).toMatchObject({ compared: 30, missing: 28, archived: 0 });
      const { eTag } = (await pictures.head('album/0'))!;
      const basis = { state: 'live', version: '100', eTag } as const;
      queue.push(
        encodeBackfillMessage({ op: 'put', key: 'album/0', version: undefined, basis, eTag, size: 9 }),
      );
      const messages = queue.splice(0).map((body, i) => ({ id: `${i}`, body }));
      const took = { pictures: some, index, embedder: fakeEmbedder(), clock, logger: silentLogger };
      expect((await ingest(took, messages)).rejected).toBe(1);
      expect(await found()).toEqual(before);
    });

    it('the others are rebuilt, and it is said how many are not', async () => {
      // The first ones by name: one cannot be read at all.
      const some = archived('album/0');
      const read = some.read;
      some.read = async (key, range, target) => {
        if (key === 'album/1') throw new ObjectUnreadable(key, 'forbidden', 'AccessDenied');
        return read(key, range, target);
      };
      expect(await rebuild({ ...deps(), pictures: some }, { dryRun: true })).toMatchObject({ archived: 1 });
      expect(await rebuild({ ...deps(), pictures: some })).toMatchObject({ archived: 1, missing: 29 });
      await work();
      expect((await verify({ ...deps(), pictures: some })).counts).toEqual({ 'picture-archived': 1 });
    });
  });

  it('the index is of other pictures, neither rebuild nor backfill touches it', async () => {
    const compactor = (source: string) =>
      new Compactor({ index, modelId, source, dimensions: DIMENSIONS, clock, logger: silentLogger });
    await upload('late', text('late'));
    await work({ compact: false });
    await compactor('s3://ours').run();
    const theirs = { ...deps(), origin: { modelId, source: 's3://theirs' } };
    await expect(rebuild(theirs)).rejects.toThrow(IndexForeign);
    await expect(backfill(theirs)).rejects.toThrow(IndexRefused);
    expect(queue).toHaveLength(0);
  });

  it('the codes are damaged, verify says where', async () => {
    const { codes: file } = (await latestManifest(index))!.manifest.files;
    const { body } = await index.get(file!);
    body[body.length - 100]! ^= 1;
    await index.put(file!, body);
    expect((await verify(deps())).problems).toEqual([
      {
        severity: 'error',
        code: 'file-damaged',
        subject: file,
        detail: 'row 29 is not what its vector makes',
      },
    ]);
  });

  it('files are cut or gone, verify says which', async () => {
    const { files } = (await latestManifest(index))!.manifest;
    await index.put(files.rows, (await index.get(files.rows)).body.subarray(1));
    await index.delete([files.dead]);
    expect(await codes()).toEqual({ 'file-damaged': 1, 'file-missing': 1 });
  });

  it('the manifest cannot be read, a rebuild goes on above it', async () => {
    const { generation } = (await latestManifest(index))!;
    await index.put(manifestName(generation), text('{ no manifest'));
    expect(await verify(deps())).toMatchObject({ ok: true, counts: { 'manifest-unreadable': 1 }, live: 0 });
    await rebuild(deps());
    await work();
    expect((await latestManifest(index))!.generation).toBe(generation + 2);
    expect(await found()).toEqual(await inBucket());
    expect(await verify(deps())).toMatchObject({ ok: true });
  });

  it('the whole store is that of yesterday, a backfill brings it up to today', async () => {
    const yesterday = new MemoryStore({ clock });
    for await (const page of index.list({ prefix: '' }))
      for (const { key } of page) await yesterday.put(key, (await index.get(key)).body);
    await upload('today', text('today'));
    await pictures.delete(['album/7']);
    await work();
    index = yesterday;
    await backfill(deps());
    await work();
    expect(await found()).toEqual(await inBucket());
    expect(await verify(deps())).toMatchObject({ ok: true, counts: {} });
  });
});
