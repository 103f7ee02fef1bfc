/** RAW files are taken by the camera's JPEG, refused with a reason where there is only a thumbnail, and looked through cheaply. */

import sharp, { type Sharp } from 'sharp';
import { expect, it, vi } from 'vitest';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import { factsOf } from '../../../pictures/decoding/facts.ts';
import { largestJpeg } from '../../../pictures/decoding/raw.ts';
import { MadePicture } from '../../files/made-picture.ts';
import { dngOfTiles, RAW_FILES, sensorData } from '../../files/raw-files.ts';

const decoder = new PictureDecoder();
const SENSOR = sensorData(20_000);
const jpegOf = (picture: Sharp) => picture.jpeg({ quality: 95 }).toBuffer();

async function parts() {
  const picture = await MadePicture.of(4).enlarged(2);
  const thumbnail = await jpegOf(picture.image().negate().resize(160, 120, { fit: 'fill' }));
  return { picture, thumbnail, preview: await jpegOf(picture.image()) };
}

it.each(Object.keys(RAW_FILES))('%s is taken by its preview, not by its thumbnail', async (ending) => {
  const { picture, thumbnail, preview } = await parts();
  const bytes = RAW_FILES[ending]!({ thumbnail, preview, sensor: SENSOR });

  expect(Buffer.from(largestJpeg(bytes).bytes).equals(preview)).toBe(true);
  const copy = await decoder.smallCopy(bytes, { side: 64, fit: 'inside', format: 'webp' });
  const [seen, wanted] = await Promise.all(
    [sharp(copy), picture.image().resize(64, 64, { fit: 'inside' })].map((each) => each.raw().toBuffer()),
  );
  const levels = wanted!.reduce((sum, level, i) => sum + Math.abs(level - seen![i]!), 0) / wanted!.length;
  expect(seen).toHaveLength(wanted!.length);
  // The negative of the thumbnail differs by a hundred.
  expect(levels).toBeLessThan(12);
  expect(factsOf(await decoder.header(bytes))).toMatchObject({ preview: true });
  expect(factsOf(await decoder.header(preview))).not.toHaveProperty('preview');
});

it.each(Object.keys(RAW_FILES))(
  '%s with a thumbnail only is refused, and the reason says why',
  async (ending) => {
    const { thumbnail } = await parts();
    const bytes = RAW_FILES[ending]!({ thumbnail, sensor: SENSOR });

    await expect(decoder.smallCopy(bytes, { side: 64, fit: 'inside', format: 'webp' })).rejects.toMatchObject(
      {
        code: 'unsupported-format',
        message: expect.stringContaining('the JPEG that the camera put in them'),
      },
    );
  },
);

it('a tile of the sensor data is not taken for the picture', async () => {
  const { preview } = await parts();
  expect(() => largestJpeg(dngOfTiles(preview))).toThrow('has none of at least 512 pixels');
});

it('a file of nothing but starts of JPEGs is given up after a bounded number of them', async () => {
  const starts = Buffer.concat(
    Array.from({ length: 100_000 }, () => Buffer.from('ffd8ffe0000400000000', 'hex')),
  );
  const search = vi.spyOn(Buffer.prototype, 'indexOf');
  try {
    expect(() => largestJpeg(starts)).toThrow('has none of at least 512 pixels');
    // One search for each place, and some for the file as a whole.
    expect(search.mock.calls.length).toBeLessThan(5_000);
  } finally {
    search.mockRestore();
  }
});
