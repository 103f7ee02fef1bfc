/** Fingerprints beside the index: made when pictures come in, used without them, taken away when they go. */

import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import { findOptionalDecoders } from '../../../pictures/decoding/optional/find.ts';
import { Comparers } from '../../../pictures/duplicates/comparers.ts';
import {
  fingerprintMaker,
  fingerprintOf,
  type MakeFingerprint,
} from '../../../pictures/duplicates/fingerprint.ts';
import { dropFingerprints, FingerprintWriter } from '../../../pictures/duplicates/fingerprint-writer.ts';
import { Fingerprints, fingerprintId } from '../../../pictures/duplicates/fingerprints.ts';
import { packsOf, writePack } from '../../../pictures/duplicates/pack-store.ts';
import { confidenceOf } from '../../../pictures/duplicates/verdict.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { makeFingerprints } from '../../../pictures/maintenance/fingerprints.ts';
import { verify } from '../../../pictures/maintenance/verify.ts';
import { FINGERPRINTS_PREFIX } from '../../../pictures/names.ts';
import { thumbnailName } from '../../../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { ObjectNotFound } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { picture } from '../../factories/pictures.ts';
import { s3Event } from '../../factories/s3-events.ts';

/** A bucket that fails the test when a picture is read. */
const unread = {
  get: async () => {
    throw new Error('a picture was read');
  },
};
const version = (i: number) => ({ key: `${i}.png`, eTag: `${i}`, version: undefined });
const packsIn = async (index: MemoryStore): Promise<string[]> => {
  const names: string[] = [];
  for await (const page of index.list({ prefix: FINGERPRINTS_PREFIX }))
    names.push(...page.map(({ key }) => key));
  return names;
};

const make: MakeFingerprint = (file) => fingerprintOf(file);

const files: Buffer[] = [];
beforeAll(async () => {
  for (let i = 0; i < 3; i++) files.push(await picture(i + 1));
});

async function written(): Promise<MemoryStore> {
  const index = new MemoryStore();
  const writer = new FingerprintWriter(index, systemClock, silentLogger, make);
  for (const [i, file] of files.entries()) {
    await writer.add(version(i), file);
    // A pack each.
    await writer.flush();
  }
  return index;
}

const known = async (index: MemoryStore): Promise<boolean[]> => {
  const fingerprints = new Fingerprints(index, unread, systemClock);
  await fingerprints.refresh();
  return files.map((_, i) => fingerprints.known(fingerprintId(version(i))) !== undefined);
};

test('what was made when pictures were indexed is used without reading them', async () => {
  const index = await written();
  const fingerprints = new Fingerprints(index, unread, systemClock);
  await fingerprints.refresh();
  expect(await fingerprints.of(version(1))).toMatchObject({ width: 64, height: 64 });
});

test('a file that is no picture is no reason to fail', async () => {
  const index = new MemoryStore();
  const writer = new FingerprintWriter(index, systemClock, silentLogger, make);
  await writer.add(version(0), Buffer.from('no picture'));
  await writer.flush();
  expect(await packsIn(index)).toEqual([]);
});

test('verify names pictures whose fingerprint is missing or cannot be read, and a backfill makes them', async () => {
  const [index, pictures] = [new MemoryStore(), new MemoryStore()];
  const embedder = fakeEmbedder();
  const { modelId } = embedder.model;
  const writer = new FingerprintWriter(index, systemClock, silentLogger, make);
  const names = ['indexed', 'missing', 'damaged', 'changed'].map((name) => `${name}.png`);
  for (const [i, key] of names.entries()) {
    const file = files[i % 3]!;
    const { eTag } = await pictures.put(key, file);
    const id = fingerprintId({ key, eTag });
    if (key === 'indexed.png') await writer.add({ key, eTag }, file);
    // A format of another version.
    if (key === 'damaged.png')
      await writePack(index, FINGERPRINTS_PREFIX, systemClock, [{ id, value: Buffer.from([99, 1, 2, 3]) }]);
    // Of what the picture was before.
    if (key === 'changed.png') await writer.add({ key, eTag: 'before' }, file);
    const event = s3Event({ key, sequencer: `${100 + i}`, eTag, size: file.length });
    const messages = [{ id: key, body: JSON.stringify(event) }];
    await ingest({ pictures, index, embedder, clock: systemClock, logger: silentLogger }, messages);
  }
  await writer.flush();
  const found = async () =>
    (await verify({ index, pictures, modelId, fingerprints: true })).problems.map(
      ({ code, subject }) => `${code} ${subject}`,
    );
  expect(await found()).toEqual([
    'fingerprint-missing changed.png',
    'fingerprint-unreadable damaged.png',
    'fingerprint-missing missing.png',
  ]);
  expect((await verify({ index, pictures, modelId })).problems).toEqual([]);

  const deps = { index, pictures, clock: systemClock, logger: silentLogger, make };
  expect(await makeFingerprints(deps)).toBe(3);
  expect(await found()).toEqual([]);
  expect(await makeFingerprints(deps)).toBe(0);
  const ids: string[] = [];
  for await (const entries of packsOf(index, FINGERPRINTS_PREFIX)) ids.push(...entries.map(({ id }) => id));
  expect(ids).toHaveLength(4);
});

test('pictures that are gone take their fingerprints along, and no others', async () => {
  const index = await written();
  // What is no pack, or was cut short, is passed over.
  await index.put(`${FINGERPRINTS_PREFIX}0.pack`, new Uint8Array(3));
  await dropFingerprints(index, systemClock, silentLogger)([version(1)]);
  expect(await known(index)).toEqual([true, false, true]);
  await dropFingerprints(index, systemClock, silentLogger)([version(0), version(2)]);
  expect(await known(index)).toEqual([false, false, false]);
});

test('many small packs become few, and lose nothing', async () => {
  const index = new MemoryStore();
  const writer = new FingerprintWriter(index, systemClock, silentLogger, make);
  for (let i = 0; i < 60; i++) {
    await writer.add(version(i), files[i % 3]!);
    await writer.flush();
  }
  expect(await packsIn(index)).toHaveLength(60);
  const fingerprints = new Fingerprints(index, unread, systemClock);
  await fingerprints.refresh();
  await fingerprints.flush();
  expect(await packsIn(index)).toHaveLength(1);
  const again = new Fingerprints(index, unread, systemClock);
  await again.refresh();
  for (let i = 0; i < 60; i++) expect(again.known(fingerprintId(version(i)))).toBeDefined();
});

test('a thumbnail stands for its original, with what it says of that', async () => {
  const index = new MemoryStore();
  const small = await sharp(files[0]!).webp().toBuffer();
  const hash = 'ab'.repeat(16);
  await index.put(thumbnailName(version(0)), small, { metadata: { hash, exif: 'true' } });
  const fingerprints = new Fingerprints(index, unread, systemClock);
  const large = { width: 6_000, height: 4_000 };
  expect(await fingerprints.of({ ...version(0), ...large })).toMatchObject({ hash, hasExif: true, ...large });
});

test('a picture without a thumbnail is read itself, and one that is gone has no fingerprint', async () => {
  const index = new MemoryStore();
  const pictures = {
    get: async (key: string) => {
      if (key !== '0.png') throw new ObjectNotFound(key);
      const about = {
        key,
        eTag: '0',
        size: 1,
        lastModified: new Date(0),
        contentType: undefined,
        metadata: {},
      };
      return { body: files[0]!, ...about };
    },
  };
  const fingerprints = new Fingerprints(index, pictures, systemClock);
  expect(await fingerprints.of({ ...version(0), width: 64, height: 64 })).toMatchObject({ width: 64 });
  expect(await fingerprints.of({ ...version(1), width: 64, height: 64 })).toBeUndefined();
});

test('fingerprints of pictures that are gone are taken away by whoever knows all that are there', async () => {
  const index = await written();
  const fingerprints = new Fingerprints(index, unread, systemClock);
  await fingerprints.refresh();
  const ids = [0, 1, 2].map((i) => fingerprintId(version(i)));
  await fingerprints.keepOnly(new Set([...ids, 'another']));
  expect(await packsIn(index)).toHaveLength(3);
  await fingerprints.keepOnly(new Set([ids[1]!]));
  expect(await known(index)).toEqual([false, true, false]);
  expect(fingerprints.known(ids[1]!)).toBeDefined();
});

/** A BMP of 24 bits, which sharp does not read. */
function bmpOf(data: Uint8Array, width: number, height: number): Buffer {
  const row = Math.ceil((3 * width) / 4) * 4;
  const bmp = Buffer.alloc(54 + row * height);
  bmp.write('BM', 0, 'latin1');
  bmp.writeUInt32LE(bmp.length, 2);
  for (const [at, value] of [
    [10, 54],
    [14, 40],
    [18, width],
    [22, height],
    [34, row * height],
  ] as const)
    bmp.writeUInt32LE(value, at);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        bmp[54 + (height - 1 - y) * row + 3 * x + c] = data[3 * (y * width + x) + 2 - c]!;
  return bmp;
}

test('what sharp does not read is fingerprinted through the decoder that indexes it', async () => {
  const jpeg = await sharp(files[0]!).resize(602, 400, { fit: 'fill', kernel: 'nearest' }).jpeg().toBuffer();
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const bmp = bmpOf(data, info.width, info.height);
  await expect(fingerprintOf(bmp)).rejects.toThrow();

  const make = fingerprintMaker(new PictureDecoder({}, findOptionalDecoders()));
  const [made, plain] = [await make(bmp), await make(jpeg)];

  expect(plain).toEqual(await fingerprintOf(jpeg));
  expect(made).toMatchObject({ width: 602, height: 400, hasExif: false });
  expect(made.hash).toBe(createHash('sha256').update(bmp).digest('hex').slice(0, 32));
  const comparers = new Comparers(1);
  const [comparison] = await comparers.compare([[made, plain]]);
  await comparers.stop();
  expect(comparison && confidenceOf(comparison, 1)).toBeGreaterThan(0.9);
});

test('a file whose header the embedder has read is not looked at again before it is fingerprinted', async () => {
  const decoder = new PictureDecoder({}, findOptionalDecoders());
  const make = fingerprintMaker(decoder);
  const { data, info } = await sharp(files[0]!).raw().toBuffer({ resolveWithObject: true });
  const turned = await sharp(data, { raw: info })
    .resize(600, 400)
    .withExif({ IFD0: { Orientation: '6' } })
    .jpeg()
    .toBuffer();
  for (const file of [files[0]!, turned, bmpOf(data, info.width, info.height)]) {
    const expected = await make(file);
    const header = await decoder.header(file);
    const read = vi.spyOn(decoder, 'header');

    expect(await make(file, header)).toEqual(expected);
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
  }
});
