/** Smaller copies of pictures: how large, in what format, and of pixels that are decoded already. */

import sharp, { type Sharp } from 'sharp';
import type { PictureHeader } from './header.ts';
import { type Pixels, toSrgb } from './pixels.ts';

export interface SmallCopyOptions {
  /** Pixels of the longer side (`inside`) or of the shorter one (`outside`) at most; nothing is enlarged. */
  readonly side: number;
  readonly fit: 'inside' | 'outside';
  readonly format: 'webp' | 'jpeg' | 'png';
  /** 1 to 100, of what is not lossless. @default 80 */
  readonly quality?: number;
}

/** Turns a picture by an EXIF orientation that does not stand in it. */
export function turn(picture: Sharp, orientation: number): Sharp {
  const quarters = [0, 0, 0, 180, 0, 270, 90, 90, 270][orientation] ?? 0;
  const turned = picture.rotate(quarters);
  if (orientation === 4) return turned.flip();
  return [2, 5, 7].includes(orientation) ? turned.flop() : turned;
}

/** Makes a picture small. */
export const shrink = (picture: Sharp, { side, fit }: SmallCopyOptions): Sharp =>
  picture.resize(side, side, { fit, withoutEnlargement: true });

/** Writes a picture down. */
export const encode = (picture: Sharp, { format, quality = 80 }: SmallCopyOptions): Promise<Buffer> =>
  picture.toFormat(format, { quality }).toBuffer();

/** A smaller copy of all pixels of a picture, as `PictureDecoder.decode` gives them: as seen, in sRGB. */
export async function smallCopyOf(
  { data, ...size }: Pixels,
  { orientation, rgbProfile }: PictureHeader,
  options: SmallCopyOptions,
): Promise<Uint8Array> {
  const whole = sharp(data, { raw: { ...size, channels: 3 }, limitInputPixels: false });
  const small = await shrink(turn(whole, orientation), options).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = small.info;
  const pixels = { data: small.data, width, height };
  const seen = rgbProfile ? await toSrgb(pixels, rgbProfile) : pixels;
  return encode(sharp(seen.data, { raw: { width, height, channels: 3 } }), options);
}
