/** Fingerprints beside the index: made when pictures come in, used without them, taken away when they go. */

import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { dropFingerprints, FingerprintWriter } from '../../../pictures/duplicates/fingerprint-writer.ts';
import { Fingerprints, fingerprintId } from '../../../pictures/duplicates/fingerprints.ts';
import { FINGERPRINTS_PREFIX } from '../../../pictures/names.ts';
import { thumbnailName } from '../../../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { ObjectNotFound } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { picture } from '../../factories/pictures.ts';

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

const files: Buffer[] = [];
beforeAll(async () => {
  for (let i = 0; i < 3; i++) files.push(await picture(i + 1));
});

async function written(): Promise<MemoryStore> {
  const index = new MemoryStore();
  const writer = new FingerprintWriter(index, systemClock, silentLogger);
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
  const writer = new FingerprintWriter(index, systemClock, silentLogger);
  await writer.add(version(0), Buffer.from('no picture'));
  await writer.flush();
  expect(await packsIn(index)).toEqual([]);
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
  const writer = new FingerprintWriter(index, systemClock, silentLogger);
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
