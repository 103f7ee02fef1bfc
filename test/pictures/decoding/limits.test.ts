/** The largest pictures that people have are taken, and larger ones refused by their headers. */

import sharp from 'sharp';
import { expect, it } from 'vitest';
import { fitForSearch } from '../../../cli/fit-for-search.ts';
import { SEARCH_LIMITS } from '../../../functions/search/limits.ts';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import { PICTURE_LIMITS } from '../../../pictures/decoding/limits.ts';

const MiB = 1024 * 1024;
const decoder = new PictureDecoder();

/** A PNG of one row that says it has these many pixels: only its header is read. */
async function pngOf(width: number, height: number): Promise<Buffer> {
  const bytes = await flat(9, 9).png().toBuffer();
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#357' } });

it.each([
  ['a telephone of 200 megapixels', 16_320, 12_240],
  ['just under 220 megapixels', 16_000, 13_749],
])('%s is within the limits', async (_, width, height) => {
  expect(await decoder.header(await pngOf(width, height))).toMatchObject({ width, height });
});

it('more than 220 megapixels are refused', async () => {
  await expect(decoder.header(await pngOf(16_000, 13_751))).rejects.toMatchObject({
    code: 'too-many-pixels',
    message: expect.stringContaining('220,000,000'),
  });
});

it('a panorama of 40,000 pixels is taken whole', async () => {
  const panorama = await flat(40_000, 100).jpeg().toBuffer();
  const copy = await decoder.smallCopy(panorama, { side: 400, fit: 'inside', format: 'png' });
  expect(await sharp(copy).metadata()).toMatchObject({ width: 400, height: 1 });
});

it('an uncompressed TIFF of more than 50 MiB is taken, as its kind is large', async () => {
  const tiff = await flat(6_000, 4_000).tiff({ compression: 'none' }).toBuffer();
  expect(tiff.length).toBeGreaterThan(PICTURE_LIMITS.maxBytes);
  expect(await decoder.header(tiff)).toMatchObject({ width: 6_000, height: 4_000 });
});

it('a picture that would take more memory than there is for all bodies together is refused by its weight, before it is decoded', async () => {
  // As the search function decodes; a lossless WebP takes 20 bytes a pixel.
  const small = new PictureDecoder({ maxMemoryBytes: 384 * MiB });
  const webp = await flat(5_000, 4_500).webp({ lossless: true, effort: 0 }).toBuffer();

  const header = await small.header(webp);
  const outcome = small.smallCopy(header, { side: 64, fit: 'inside', format: 'png' });

  await expect(outcome).rejects.toMatchObject({
    code: 'too-many-pixels',
    message: expect.stringMatching(/would take 494 MiB of memory, and there are 384\./),
  });
});

it('bodies that are decoded at the same time never take more than there is together', async () => {
  const small = new PictureDecoder({ maxMemoryBytes: 384 * MiB });
  const webp = await flat(3_000, 2_500).webp({ lossless: true, effort: 0 }).toBuffer();
  const header = await small.header(webp);
  let atWork = 0;
  let most = 0;
  const part = { left: 0, top: 0, width: 3_000, height: 2_500 };

  await Promise.all(
    Array.from({ length: 6 }, () =>
      small.decode(header, part, async () => {
        most = Math.max(most, ++atWork);
        await new Promise(setImmediate);
        atWork--;
      }),
    ),
  );

  // 165 MiB each, of the 256 that are shared.
  expect(most).toBe(1);
});

it('another file of more than 50 MiB is refused', async () => {
  const jpeg = Buffer.concat([await flat(9, 9).jpeg().toBuffer(), Buffer.alloc(51 * MiB)]);
  await expect(decoder.header(jpeg)).rejects.toMatchObject({ code: 'too-many-bytes' });
});

it('the smaller copy of a transparent PNG that the command line sends lies on white', async () => {
  const [width, height] = [1_400, 1_400];
  const clear = sharp({ create: { width, height, channels: 4, background: '#00000000' } });
  const bytes = await clear.png({ compressionLevel: 0 }).toBuffer();
  expect(bytes.length).toBeGreaterThan(SEARCH_LIMITS.maxBodyBytes);

  const { channels } = await sharp(await fitForSearch(bytes)).stats();

  expect(channels.map(({ min }) => min)).toEqual([255, 255, 255]);
});
