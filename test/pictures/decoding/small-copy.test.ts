/** One decoding serves the network and the small copy: neither sees another picture than it would alone. */

import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import type { Pixels } from '../../../pictures/decoding/pixels.ts';
import { smallCopyOf } from '../../../pictures/decoding/small-copy.ts';
import type { Crop } from '../../../pictures/embedding/embedder.ts';
import { CROP_MODES, type CropMode } from '../../../pictures/embedding/geometry.ts';
import { preprocess } from '../../../pictures/embedding/preprocess.ts';
import { THUMBNAIL } from '../../../pictures/thumbnails/thumbnails.ts';

const decoder = new PictureDecoder();
const fixture = readFileSync(new URL('../../fixtures/embedding/reduced.png', import.meta.url));
const large = () => sharp(fixture).removeAlpha().resize(1_203, 797, { fit: 'fill' });
const hole = { create: { width: 700, height: 900, channels: 4 as const, background: '#ff000080' } };

const files: Record<string, () => Promise<Buffer>> = {
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 77].map((orientation) => [
      `orientation ${orientation}`,
      () =>
        large()
          .withExif({ IFD0: { Orientation: String(orientation) } })
          .jpeg()
          .toBuffer(),
    ]),
  ),
  'a progressive JPEG': () => large().jpeg({ progressive: true }).toBuffer(),
  'a profile of RGB': () => large().withIccProfile('p3').png().toBuffer(),
  'a profile of CMYK': () => large().toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer(),
  '16 bits': () => large().toColourspace('rgb16').png().toBuffer(),
  grey: () => large().greyscale().png().toBuffer(),
  transparency: () => sharp(hole).png().toBuffer(),
  WebP: () => large().webp().toBuffer(),
  AVIF: () => large().avif({ effort: 0 }).toBuffer(),
  GIF: () => large().gif().toBuffer(),
  TIFF: () => large().tiff().toBuffer(),
  'less than a thumbnail': () => large().resize(300).png().toBuffer(),
};

/** What the network sees, and the small copy of the same pixels. */
async function together(bytes: Buffer, crop?: Crop, mode?: CropMode) {
  const header = await decoder.header(bytes);
  let copy: Uint8Array | undefined;
  const seen = await preprocess(decoder, header, crop, mode, async (pixels: Pixels) => {
    copy = await smallCopyOf(pixels, header, THUMBNAIL);
  });
  return { seen, copy: copy! };
}

const pixelsOf = (bytes: Uint8Array) =>
  sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });

describe.each(Object.entries(files))('of a file with %s', (_, file) => {
  it('the network sees the same to the bit', async () => {
    const bytes = await file();
    const header = await decoder.header(bytes);

    for (const mode of CROP_MODES)
      for (const crop of [undefined, { x: 0.2, y: 0.1, width: 0.5, height: 0.7 }])
        expect(
          Buffer.compare(
            (await together(bytes, crop, mode)).seen,
            await preprocess(decoder, header, crop, mode),
          ),
        ).toBe(0);
  });

  it('the small copy is the one that is made of the file, but for rounding', async () => {
    const bytes = await file();

    const { copy } = await together(bytes);
    const [shared, alone] = [await pixelsOf(copy), await pixelsOf(await decoder.smallCopy(bytes, THUMBNAIL))];

    const size = ({ info: { width, height, channels } }: typeof shared) => ({ width, height, channels });
    expect(size(shared)).toEqual(size(alone));
    const difference = shared.data.reduce((sum, level, i) => sum + Math.abs(level - alone.data[i]!), 0);
    expect(difference / shared.data.length).toBeLessThan(4);
  });
});
