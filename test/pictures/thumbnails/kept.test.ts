/** Small copies that are missing are made, and those that nobody needs are removed: by backfill, rebuild and verify. */

import { beforeEach, expect, test } from 'vitest';
import { createCompact } from '../../../functions/compact/handler.ts';
import { type BackfillOptions, backfill } from '../../../pictures/ingest/backfill.ts';
import { backfillBatch, backfillGone } from '../../../pictures/ingest/backfill-pieces.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { Known } from '../../../pictures/ingest/known.ts';
import { rebuild } from '../../../pictures/maintenance/rebuild.ts';
import { verify } from '../../../pictures/maintenance/verify.ts';
import { DEFAULT_FILTER } from '../../../pictures/picture-names.ts';
import { ORPHAN_AGE_MS, ThumbnailSet } from '../../../pictures/thumbnails/kept.ts';
import { dropThumbnails, THUMBNAILS_PREFIX, thumbnailName } from '../../../pictures/thumbnails/thumbnails.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { s3Event } from '../../factories/s3-events.ts';

const clock = movableClock();
const embedder = fakeEmbedder();
const { modelId } = embedder.model;
const text = (content: string) => new TextEncoder().encode(content);
let pictures: MemoryStore;
let index: MemoryStore;
let queue: string[];

beforeEach(() => {
  pictures = new MemoryStore({ clock });
  index = new MemoryStore({ clock });
  queue = [];
});

const deps = { clock, logger: silentLogger };
const send = async (bodies: readonly string[]) => {
  queue.push(...bodies);
};
const fill = (options: BackfillOptions = {}) => backfill({ pictures, index, send, clock }, options);

/** on-upload, over what waits and these. */
async function work(...bodies: readonly string[]) {
  const messages = [...bodies, ...queue.splice(0)].map((body, id) => ({ id: String(id), body }));
  const thumbnail = async (body: Uint8Array) => ({ body, hash: '', hasExif: false });
  const report = await ingest({ pictures, index, embedder, thumbnail, ...deps }, messages);
  expect(report.failed.size).toBe(0);
  return report;
}

const compact = () =>
  createCompact({ index, modelId, onDropped: dropThumbnails(index, silentLogger), ...deps })();

const versions: Record<string, string> = {};
async function upload(key: string, content: string, sequencer: string) {
  const { eTag } = await pictures.put(key, text(content));
  versions[key] = sequencer;
  await work(JSON.stringify(s3Event({ key, sequencer, eTag, size: content.length })));
}

async function thumbnails(): Promise<string[]> {
  const names: string[] = [];
  for await (const page of index.list({ prefix: THUMBNAILS_PREFIX }))
    names.push(...page.map(({ key }) => key));
  return names;
}

const nameOf = async (key: string) =>
  thumbnailName({ key, version: versions[key], eTag: (await pictures.head(key))!.eTag });
/** Of a picture that a backfill found, whose version nobody knows. */
const nameOfFound = async (key: string) =>
  thumbnailName({ key, version: undefined, eTag: (await pictures.head(key))!.eTag });

test('a missing one is asked for where there are any, and made without another append', async () => {
  await upload('a', 'a', '1');
  await upload('b', 'b', '2');
  await compact();
  await index.delete([await nameOf('a')]);
  expect(await fill({ dryRun: true })).toMatchObject({ compared: 2, missing: 0, bare: 1 });
  await fill();
  expect(await work()).toMatchObject({ appended: false });
  expect((await thumbnails()).toSorted()).toEqual([await nameOf('a'), await nameOf('b')].toSorted());
  expect(await fill()).toMatchObject({ bare: 0 });
});

test('of an index that has none they are asked for when that is said', async () => {
  await upload('a', 'a', '1');
  await index.delete(await thumbnails());
  expect(await fill()).toMatchObject({ bare: 0 });
  expect(await fill({ thumbnails: true })).toMatchObject({ bare: 1 });
  await work();
  expect(await thumbnails()).toEqual([await nameOf('a')]);
});

test('one without a picture is removed once it is an hour old, and no other', async () => {
  await upload('a', 'a', '1');
  const orphan = thumbnailName({ key: 'a', eTag: 'another', version: '0' });
  await index.put(orphan, text('old'));
  await fill();
  expect(await thumbnails()).toHaveLength(2);
  clock.skip(ORPHAN_AGE_MS + 1_000);
  const young = thumbnailName({ key: 'c', eTag: 'being appended', version: '3' });
  await index.put(young, text('young'));
  expect((await verify({ index, modelId, pictures, clock })).problems).toMatchObject([
    { severity: 'warning', code: 'thumbnail-orphan', subject: orphan },
  ]);
  await fill({ dryRun: true });
  await fill({ prefix: 'a' });
  expect(await thumbnails()).toContain(orphan);
  await fill();
  expect((await thumbnails()).toSorted()).toEqual([await nameOf('a'), young].toSorted());
});

test('what a backfill has asked for and is not done keeps its own, however old', async () => {
  await pictures.put('a', text('a'));
  await fill({ thumbnails: true });
  const [message] = queue;
  await work();
  await compact();
  // The index is emptied, and the picture asked for again: it gets the thumbnail that it had.
  clock.skip(2 * ORPHAN_AGE_MS);
  await rebuild({ pictures, index, send, modelId, clock });
  expect(await thumbnails()).toEqual([await nameOfFound('a')]);
  await fill();
  expect(await thumbnails()).toEqual([await nameOfFound('a')]);
  expect(message).toBeDefined();
  await work();
  expect(await fill()).toMatchObject({ bare: 0, missing: 0 });
});

test('a rebuild leaves one for each picture', async () => {
  for (const [i, key] of ['a', 'b', 'c'].entries()) await upload(key, key, String(i + 1));
  await compact();
  clock.skip(2 * ORPHAN_AGE_MS);
  await rebuild({ pictures, index, send, modelId, clock });
  await work();
  await compact();
  clock.skip(2 * ORPHAN_AGE_MS);
  await fill();
  const names = await Promise.all(['a', 'b', 'c'].map(nameOf));
  expect((await thumbnails()).toSorted()).toEqual(names.toSorted());
  expect((await verify({ index, modelId, pictures, clock })).problems).toEqual([]);
});

test('verify says which are missing, where there are any', async () => {
  await upload('a', 'a', '1');
  await upload('b', 'b', '2');
  await index.delete([await nameOf('b')]);
  expect((await verify({ index, modelId, pictures, clock })).problems).toMatchObject([
    { severity: 'warning', code: 'thumbnail-missing', subject: 'b' },
  ]);
  await index.delete(await thumbnails());
  expect((await verify({ index, modelId, pictures, clock })).problems).toEqual([]);
});

test('a backfill in pieces does the same', async () => {
  await upload('a', 'a', '1');
  await upload('b', 'b', '2');
  await index.delete([await nameOf('b')]);
  const orphan = thumbnailName({ key: 'a', eTag: 'another', version: '0' });
  await index.put(orphan, text('old'));
  clock.skip(ORPHAN_AGE_MS + 1_000);
  const known = await Known.read(index, true);
  for await (const page of pictures.list({ prefix: '' }))
    expect(await backfillBatch({ known, send }, page, { filter: DEFAULT_FILTER })).toMatchObject({ bare: 0 });
  for await (const page of pictures.list({ prefix: '' }))
    expect(
      await backfillBatch({ known, send }, page, { filter: { prefix: '', endings: 'all' } }),
    ).toMatchObject({ bare: 1 });
  const options = { prefix: '', from: undefined, isWhole: true, isOver: () => false };
  await backfillGone({ pictures, index, known, send, clock }, options);
  await work();
  expect((await thumbnails()).toSorted()).toEqual([await nameOf('a'), await nameOf('b')].toSorted());
});

test('a set of names knows each of them, and no other', () => {
  const set = new ThumbnailSet();
  const name = (i: number) => thumbnailName({ key: String(i), eTag: 'e', version: undefined });
  for (let i = 0; i < 5_000; i++) set.add(name(i));
  expect(Array.from({ length: 5_000 }, (_, i) => set.has(name(i))).every(Boolean)).toBe(true);
  expect(Array.from({ length: 5_000 }, (_, i) => set.has(name(i + 5_000))).some(Boolean)).toBe(false);
});
