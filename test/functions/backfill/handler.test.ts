/** The steps of a backfill in the cloud, in the order in which the state machine calls them, over stores in memory. */

import { beforeEach, expect, test } from 'vitest';
import {
  createBackfill,
  JobInvalid,
  type ListItem,
  type Plan,
  type Step,
} from '../../../functions/backfill/handler.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { NothingToRebuildFrom } from '../../../pictures/maintenance/rebuild.ts';
import type { VerifyReport } from '../../../pictures/maintenance/verify.ts';
import { DEFAULT_FILTER, type PictureFilter } from '../../../pictures/picture-names.ts';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { IndexRefused } from '../../../vectorlog/commit/errors.ts';
import { readKeyStates } from '../../../vectorlog/commit/key-states.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { badPicture, fakeEmbedder } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';

const clock = movableClock();
const { modelId } = fakeEmbedder().model;
const origin = { modelId, store: 's3://index', source: 's3://images' };
const text = (content: string) => new TextEncoder().encode(content);
let pictures: MemoryStore;
let index: MemoryStore;
let queue: string[];

beforeEach(async () => {
  pictures = new MemoryStore({ clock });
  index = new MemoryStore({ clock });
  queue = [];
  for (let i = 0; i < 25; i++) await pictures.put(`album/${i}.jpg`, text(`picture ${i}`));
});

const worker = (filter: PictureFilter = DEFAULT_FILTER) =>
  createBackfill({
    pictures,
    index,
    origin,
    filter,
    thumbnails: false,
    clock,
    logger: silentLogger,
    send: async (bodies) => {
      expect(bodies.length).toBeLessThanOrEqual(10);
      queue.push(...bodies);
    },
  });

/** Step Functions' list: each object as it has it. */
async function listed(prefix: string): Promise<ListItem[]> {
  const items: ListItem[] = [];
  for await (const page of pictures.list({ prefix }))
    for (const { key, size, eTag } of page)
      items.push({ Key: key, Size: size, Etag: `"${eTag}"`, StorageClass: 'STANDARD' });
  return items;
}

const never = () => false;

/** Calls the steps as the state machine does; `isOver` ends each piece of the second half. */
async function run(job: object = {}, step = worker(), { isOver = never, size = 10 } = {}) {
  const plan = (await step({ step: 'begin', run: 'arn:run', job }, never)) as Plan;
  const items = await listed(plan.prefix);
  const reports: { compared: number; missing: number; changed: number }[] = [];
  for (let i = 0; i < items.length; i += size) {
    const batch: Step = { step: 'compare', plan, items: items.slice(i, i + size) };
    reports.push((await step(batch, never)) as (typeof reports)[number]);
  }
  let gone = { ...plan, gone: 0, isDone: false };
  let pieces = 0;
  for (; !gone.isDone; pieces++) gone = (await step({ step: 'gone', plan: gone }, isOver)) as typeof gone;
  const sum = (of: keyof (typeof reports)[number]) => reports.reduce((all, report) => all + report[of], 0);
  return {
    compared: sum('compared'),
    missing: sum('missing'),
    changed: sum('changed'),
    gone: gone.gone,
    pieces,
  };
}

async function work(): Promise<void> {
  const messages = queue.splice(0).map((body, i) => ({ id: `${i}`, body }));
  const report = await ingest(
    { pictures, index, embedder: fakeEmbedder(), clock, logger: silentLogger },
    messages,
  );
  expect([...report.failed]).toEqual([]);
  const { store, source } = origin;
  await new Compactor({
    index,
    modelId,
    store,
    source,
    dimensions: DIMENSIONS,
    clock,
    logger: silentLogger,
  }).run();
}

/** What is indexed, with its content. */
const indexed = async () =>
  [...(await readKeyStates(index))].flatMap(([key, state]) =>
    state.state === 'live' ? [`${key} ${state.eTag}`] : [],
  );

async function inBucket(): Promise<string[]> {
  return (await listed('')).map(({ Key, Etag }) => `${Key} ${Etag!.slice(1, -1)}`);
}

test('what the index misses is asked for once, and a second run finds nothing to do', async () => {
  expect(await run()).toMatchObject({ compared: 25, missing: 25, changed: 0, gone: 0 });
  await work();
  expect((await indexed()).sort()).toEqual((await inBucket()).sort());
  expect(await run()).toMatchObject({ compared: 25, missing: 0, changed: 0, gone: 0 });
  expect(queue).toEqual([]);
});

test('what was changed, and what is gone, is found, in as many pieces as it takes', async () => {
  await run();
  await work();
  await pictures.put('album/3.jpg', text('another'));
  await pictures.delete(['album/7.jpg', 'album/24.jpg']);
  const isOver = () => true;
  expect(await run({}, worker(), { isOver })).toEqual({
    compared: 23,
    missing: 0,
    changed: 1,
    gone: 2,
    pieces: 26,
  });
  await work();
  expect((await indexed()).sort()).toEqual((await inBucket()).sort());
});

test('batches may come twice, in any order, and hours after they were listed', async () => {
  const step = worker();
  const plan = (await step({ step: 'begin', run: 'r', job: {} }, never)) as Plan;
  const items = await listed('');
  await pictures.put('album/3.jpg', text('newer than the list'));
  await pictures.delete(['album/4.jpg']);
  for (const batch of [items.slice(10), items.slice(0, 10), items.slice(10)])
    await step({ step: 'compare', plan, items: batch }, never);
  await work();
  const expected = (await inBucket()).filter((each) => !each.startsWith('album/3.jpg'));
  expect((await indexed()).sort()).toEqual(expected.sort());
});

test('what was done by an event since the index was read stays as it is', async () => {
  const step = worker();
  const plan = (await step({ step: 'begin', run: 'r', job: {} }, never)) as Plan;
  const items = await listed('');
  await step({ step: 'compare', plan, items: items.slice(0, 5) }, never);
  await work();
  // The same instance, which has not seen that they are indexed now.
  await step({ step: 'compare', plan, items: items.slice(0, 5) }, never);
  const before = (await readKeyStates(index)).size;
  await work();
  expect((await readKeyStates(index)).size).toBe(before);
  expect((await indexed()).length).toBe(5);
});

test('what another name, folder or storage class keeps out is left alone', async () => {
  await pictures.put('album/notes.txt', text('no picture'));
  await pictures.put('other/1.jpg', text('elsewhere'));
  const step = worker({ prefix: 'album/', endings: ['.jpg'] });
  const plan = (await step({ step: 'begin', run: 'r', job: {} }, never)) as Plan;
  expect(plan.prefix).toBe('album/');
  const items = [
    ...(await listed('')),
    { Key: 'album/frozen.jpg', Size: 1, Etag: '"a"', StorageClass: 'DEEP_ARCHIVE' },
    { Key: 'album/', Size: 0, Etag: '"b"', StorageClass: 'STANDARD' },
  ];
  expect(await step({ step: 'compare', plan, items }, never)).toMatchObject({
    compared: 26,
    missing: 25,
    archived: 1,
  });
});

test('a picture that was rejected is not tried again, until it is another or gone', async () => {
  await pictures.put('bad.jpg', badPicture());
  await run();
  await work();
  expect(await run()).toMatchObject({ missing: 0 });
  await pictures.delete(['bad.jpg']);
  await run();
  const left: string[] = [];
  for await (const page of index.list({ prefix: 'rejected/' })) left.push(...page.map(({ key }) => key));
  expect(left).toEqual([]);
});

test('a rebuild empties the index first; one of a prefix asks for all that is under it', async () => {
  await run();
  await work();
  expect(await run({ job: 'rebuild', prefix: 'album/1' })).toMatchObject({ compared: 11, missing: 11 });
  expect((await indexed()).length).toBe(25);
  queue = [];
  expect(await run({ job: 'rebuild' })).toMatchObject({ compared: 25, missing: 25 });
  expect(await indexed()).toEqual([]);
  await work();
  expect((await indexed()).sort()).toEqual((await inBucket()).sort());
});

test('a rebuild of an empty bucket, a foreign index and a job that means nothing are refused', async () => {
  await run();
  await work();
  const begin = (job: object, step = worker()) => step({ step: 'begin', run: 'r', job }, never);
  await expect(begin({ job: 'destroy' })).rejects.toThrow(JobInvalid);
  await expect(begin({ prefix: 'b' }, worker({ prefix: 'album/', endings: 'all' }))).rejects.toThrow(
    JobInvalid,
  );
  const foreign = createBackfill({
    ...{
      pictures,
      index: new MemoryStore({ clock }),
      filter: DEFAULT_FILTER,
      thumbnails: false,
      clock,
      logger: silentLogger,
    },
    origin,
    send: async () => {},
  });
  pictures = new MemoryStore({ clock });
  await expect(begin({ job: 'rebuild' })).rejects.toThrow(NothingToRebuildFrom);
  expect((await indexed()).length).toBe(25);
  await expect(begin({}, foreign)).resolves.toMatchObject({ again: false });
  const other = createBackfill({
    ...{
      pictures,
      filter: DEFAULT_FILTER,
      thumbnails: false,
      clock,
      logger: silentLogger,
      send: async () => {},
    },
    index: await copyOf(index),
    origin: { ...origin, source: 's3://another' },
  });
  await expect(begin({}, other)).rejects.toThrow(IndexRefused);
});

async function copyOf(store: MemoryStore): Promise<MemoryStore> {
  const copy = new MemoryStore({ clock });
  for await (const page of store.list({ prefix: '' }))
    for (const { key } of page) await copy.put(key, (await store.get(key)).body);
  return copy;
}

/** Verifies piece by piece, each of them as short as it can be. */
async function verified(isOver: () => boolean): Promise<VerifyReport & { pieces: number }> {
  let report: VerifyReport & { isDone?: boolean };
  let pieces = 1;
  const step = worker();
  const go = async (from: Extract<Step, { step: 'verify' }>['report']) =>
    (await step({ step: 'verify', report: from }, isOver)) as VerifyReport & { isDone: boolean };
  for (report = await go({ job: 'verify' }); !report.isDone; pieces++) report = await go(report);
  const { isDone: _, ...rest } = report;
  return { ...rest, pieces };
}

test('a verification in pieces says what one in one go says', async () => {
  await pictures.put('bad.jpg', badPicture());
  await run();
  await work();
  await pictures.put('album/new.jpg', text('not indexed'));
  await pictures.delete(['album/5.jpg', 'bad.jpg']);
  const { pieces: one, ...whole } = await verified(never);
  const { pieces, ...inPieces } = await verified(() => true);
  expect(one).toBe(1);
  expect(pieces).toBeGreaterThan(25);
  expect(inPieces).toEqual(whole);
  expect(whole.counts).toMatchObject({ 'picture-missing': 1, 'picture-gone': 1, 'rejection-outdated': 1 });
});

test('a verification misses nothing that does not belong to the index', async () => {
  await run();
  await work();
  await pictures.put('film.mov', text('no picture'));
  await pictures.put('notes.pdf', text('no picture'));
  expect((await verified(never)).counts).toEqual({});
});

test('a report of many problems stays small enough to be handed on', async () => {
  for (let i = 0; i < 50; i++) await pictures.put(`${'long'.repeat(200)}${i}.jpg`, text(`${i}`));
  const report = await verified(never);
  expect(report.counts['picture-missing']).toBe(75);
  expect(JSON.stringify(report).length).toBeLessThan(200 * 1024);
});
