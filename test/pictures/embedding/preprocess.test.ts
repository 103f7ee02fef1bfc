/** The pixels that the network sees are those that torchvision would have shown it. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PICTURE_LIMITS } from '../../../pictures/decoding/limits.ts';
import { preprocess } from '../../factories/preprocess.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/embedding/${name}`, import.meta.url));
const digests: Record<string, string> = JSON.parse(fixture('crops.json').toString());
const limits = PICTURE_LIMITS;

/** Mean absolute difference, in levels of 0 to 255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, level, i) => sum + Math.abs(level - b[i]!), 0) / a.length;
}

describe('preprocess', () => {
  it.each(Object.entries(digests))('gives for %s the bytes that Pillow gives', async (name, digest) => {
    const crop = await preprocess(fixture(name), { limits });

    expect(createHash('sha256').update(crop).digest('hex')).toBe(digest);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('applies EXIF orientation %i', async (orientation) => {
    const picture = sharp(fixture('reduced.png')).removeAlpha();
    const lying = await picture.withMetadata({ orientation }).png().toBuffer();
    const upright = await sharp(lying).autoOrient().png().toBuffer();

    const crop = await preprocess(lying, { limits });

    // The two passes of the resampling come in another order when the axes are swapped, and each rounds.
    expect(difference(crop, await preprocess(upright, { limits }))).toBeLessThan(0.5);
  });

  it('ignores an orientation that does not exist', async () => {
    const plain = fixture('reduced.png');
    const odd = await sharp(plain)
      .withExif({ IFD0: { Orientation: '77' } })
      .png()
      .toBuffer();

    expect(await preprocess(odd, { limits })).toEqual(await preprocess(plain, { limits }));
  });

  it('sees the part of the picture that is asked for, in the picture as seen', async () => {
    const lying = await sharp(fixture('reduced.png')).withMetadata({ orientation: 6 }).png().toBuffer();
    const upright = await sharp(lying).autoOrient().toBuffer({ resolveWithObject: true });
    const { width, height } = upright.info;
    const part = {
      left: Math.round(0.1 * width),
      top: Math.round(0.5 * height),
      width: Math.round(0.6 * width),
      height: Math.round(0.4 * height),
    };
    const cut = await sharp(upright.data).extract(part).png().toBuffer();

    const crop = await preprocess(lying, { limits, crop: { x: 0.1, y: 0.5, width: 0.6, height: 0.4 } });

    expect(difference(crop, await preprocess(cut, { limits }))).toBeLessThan(0.5);
  });

  it('converts a colour profile to sRGB, and little but the colours changes', async () => {
    const picture = sharp(fixture('reduced.png')).removeAlpha();
    const plain = await picture.clone().png().toBuffer();
    const displayP3 = await picture.clone().withIccProfile('p3').png().toBuffer();
    const unread = await sharp(displayP3, { ignoreIcc: true }).png().toBuffer();

    const crop = await preprocess(displayP3, { limits });

    const asStored = difference(await preprocess(unread, { limits }), await preprocess(plain, { limits }));
    expect(asStored).toBeGreaterThan(2);
    // Colours at the edge of sRGB are clipped on their way through 8 bits.
    expect(difference(crop, await preprocess(plain, { limits }))).toBeLessThan(asStored / 2);
  });

  it('lays transparency on white', async () => {
    const hole = { create: { width: 300, height: 300, channels: 4 as const, background: '#00000000' } };

    const crop = await preprocess(await sharp(hole).png().toBuffer(), { limits });

    expect(new Set(crop)).toEqual(new Set([255]));
  });
});
