/** Converts pixels with a colour profile to sRGB, the colours that the network was trained on. */

import sharp from 'sharp';
import { plainTiff } from './pixels.ts';

/**
 * Converts the few pixels that the network sees, not the millions of the file: it is the same to within rounding, and
 * takes a millisecond. A profile that cannot be used is ignored, as browsers do.
 *
 * @param rgb `side * side * 3` bytes in the colours of `profile`, an ICC profile for RGB.
 */
export async function toSrgb(rgb: Uint8Array, side: number, profile: Uint8Array): Promise<Uint8Array> {
  const converting = sharp(plainTiff({ data: rgb, width: side, height: side }, profile))
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  return converting.catch(() => rgb);
}
