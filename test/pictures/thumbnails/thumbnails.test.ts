/** Small copies: written before the append, gone with what they are of, and never a reason to lose a picture. */

import sharp from 'sharp';
import { beforeEach, expect, test, vi } from 'vitest';
import { createCompact } from '../../../functions/compact/handler.ts';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import type { Embedder } from '../../../pictures/embedding/embedder.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { encodeBackfillMessage } from '../../../pictures/ingest/messages.ts';
import {
  dropThumbnails,
  type MakeThumbnail,
  THUMBNAIL,
  THUMBNAILS_PREFIX,
  thumbnailMaker,
  thumbnailName,
} from '../../../pictures/thumbnails/thumbnails.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { LOG_PREFIX } from '../../../vectorlog/names.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { s3Event } from '../../factories/s3-events.ts';

const clock = movableClock();
const embedder = fakeEmbedder();
const { modelId } = embedder.model;
const text = (content: string) => new TextEncoder().encode(content);
/** As small as the file itself. */
const copy: MakeThumbnail = async (body) => ({ body, hash: 'of it', hasExif: false });
let pictures: MemoryStore;
let index: MemoryStore;

beforeEach(() => {
  pictures = new MemoryStore({ clock });
  index = new MemoryStore({ clock });
});

const put = async (key: string, sequencer: string, content: string) => {
  const { eTag } = await pictures.put(key, text(content));
  return { key, sequencer, eTag, size: content.length };
};

const take = (...events: Parameters<typeof s3Event>[0][]) =>
  taken(events.map((event) => JSON.stringify(s3Event(event))));

const taken = (bodies: readonly string[], thumbnail: MakeThumbnail = copy) =>
  ingest(
    { pictures, index, embedder, clock, logger: silentLogger, thumbnail },
    bodies.map((body, i) => ({ id: String(i), body })),
  );

const compact = () =>
  createCompact({
    index,
    modelId,
    clock,
    logger: silentLogger,
    onDropped: dropThumbnails(index, silentLogger),
  })();

async function thumbnails(): Promise<string[]> {
  const names: string[] = [];
  for await (const page of index.list({ prefix: THUMBNAILS_PREFIX }))
    names.push(...page.map(({ key }) => key));
  return names;
}

const nameOf = ({ sequencer: version, ...picture }: Awaited<ReturnType<typeof put>>) =>
  thumbnailName({ ...picture, version });

test('a picture becomes a WebP of 512 pixels, turned as it is seen, and tells of its original', async () => {
  const file = await sharp({ create: { width: 1_000, height: 600, channels: 3, background: '#4080c0' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const { body, hash, hasExif } = await thumbnailMaker(new PictureDecoder())(file);
  expect(await sharp(body).metadata()).toMatchObject({ format: 'webp', width: 307, height: THUMBNAIL.side });
  expect({ hash, hasExif }).toEqual({ hash: expect.stringMatching(/^[0-9a-f]{32}$/), hasExif: true });
});

test('what is acknowledged has one: it is written before the append', async () => {
  const puts = vi.spyOn(index, 'put');
  const appends = vi.spyOn(index, 'putIfAbsent');
  const a = await put('a', '1', 'a');
  await take(a);
  expect(puts.mock.calls.map(([name]) => name)).toEqual([nameOf(a)]);
  expect(appends.mock.calls.map(([name]) => name)).toEqual([expect.stringContaining(LOG_PREFIX)]);
  expect(puts.mock.invocationCallOrder[0]).toBeLessThan(appends.mock.invocationCallOrder[0]!);
  const { body, contentType, metadata } = await index.get(nameOf(a));
  expect({ body: new TextDecoder().decode(body), contentType, metadata }).toEqual({
    body: 'a',
    contentType: 'image/webp',
    metadata: { hash: 'of it', exif: 'false' },
  });
});

test('one that the embedder made of the same pixels is taken, and no file is decoded for it again', async () => {
  const made = { body: text('small'), hash: 'of it', hasExif: false };
  const asked = vi.fn(embedder.embed);
  const both: Embedder = {
    ...embedder,
    embed: async (files, options) =>
      (await asked(files, options)).map((outcome) =>
        outcome.embedding ? { ...outcome, thumbnail: made } : outcome,
      ),
  };
  const a = await put('a', '1', 'a');
  const again = vi.fn(copy);
  await ingest({ pictures, index, embedder: both, clock, logger: silentLogger, thumbnail: again }, [
    { id: '1', body: JSON.stringify(s3Event(a)) },
  ]);
  expect(asked.mock.calls[0]![1]).toEqual({ thumbnail: true });
  expect(again).not.toHaveBeenCalled();
  expect((await index.get(nameOf(a))).body).toEqual(made.body);
});

test.each(['made', 'written'])(
  'a picture whose thumbnail cannot be %s is indexed all the same',
  async (step) => {
    const a = await put('a', '1', 'a');
    const make: MakeThumbnail = () => Promise.reject(new Error('no memory'));
    if (step === 'written') vi.spyOn(index, 'put').mockRejectedValueOnce(new StoreUnavailable('it is away'));
    const report = await taken([JSON.stringify(s3Event(a))], step === 'made' ? make : copy);
    expect(report).toMatchObject({ embedded: 1, appended: true, failed: new Set() });
    expect(await thumbnails()).toEqual([]);
  },
);

test('an overwrite and a deletion take the old one along when they are folded, not before', async () => {
  const first = await put('a', '1', 'first');
  await take(first);
  await compact();
  const second = await put('a', '2', 'second');
  await take(second);
  expect((await thumbnails()).toSorted()).toEqual([nameOf(first), nameOf(second)].toSorted());
  await compact();
  expect(await thumbnails()).toEqual([nameOf(second)]);
  await take({ key: 'a', sequencer: '3', eventName: 'ObjectRemoved:DeleteMarkerCreated' });
  await compact();
  expect(await thumbnails()).toEqual([]);
});

test('of what came twice, late or in one batch, only that of the newest stays', async () => {
  const first = await put('a', '1', 'first');
  const same = { ...(await put('a', '3', 'first')), sequencer: '3' };
  await take(same, first, same);
  await compact();
  expect(await thumbnails()).toEqual([nameOf(same)]);
  // Its append is late by a compaction.
  await pictures.put('a', text('first'));
  await take(first);
  await compact();
  expect(await thumbnails()).toEqual([nameOf(same)]);
});

test('the same bytes that come back after a deletion have a thumbnail of their own', async () => {
  const before = await put('a', '1', 'a');
  await take(before);
  await compact();
  await take({ key: 'a', sequencer: '2', eventName: 'ObjectRemoved:DeleteMarkerCreated' });
  const after = { ...before, sequencer: '3' };
  await take(after);
  await compact();
  expect(await thumbnails()).toEqual([nameOf(after)]);
});

test('a missing one is made when a backfill asks for it, and nothing is appended', async () => {
  const a = await put('a', '1', 'a');
  const message = encodeBackfillMessage({ op: 'thumbnail', version: '1', ...a });
  expect(await taken([message])).toMatchObject({ appended: false, failed: new Set() });
  expect(await thumbnails()).toEqual([nameOf(a)]);
  await pictures.put('a', text('another'));
  await index.delete(await thumbnails());
  expect(await taken([message])).toMatchObject({ appended: false, failed: new Set() });
  expect(await thumbnails()).toEqual([]);
});
