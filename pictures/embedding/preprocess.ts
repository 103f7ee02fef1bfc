/** From the bytes of a picture file to the pixels that the network sees. */

import sharp from 'sharp';
import { toSrgb } from '../decoding/colour-profile.ts';
import { PictureRejected } from '../decoding/errors.ts';
import { type PictureHeader, type PictureLimits, readHeader } from '../decoding/header.ts';
import type { Crop } from './embedder.ts';
import {
  centredSquare,
  orientationOf,
  pixelsOf,
  type Rectangle,
  SIDE,
  storedAxes,
  storedRectangle,
  turnSquare,
} from './geometry.ts';
import { sourceSpan } from './resampling/filter.ts';
import { type Pixels, resample } from './resampling/resample.ts';

// Every picture is another one: what libvips would keep of the last ones is never asked for again.
sharp.cache(false);

export interface PreprocessOptions {
  readonly limits: PictureLimits;
  /** The part of the picture that matters; all of it when not given. */
  readonly crop?: Crop | undefined;
  /** Starts decoding when there is memory for that many pixels; at once when not given. */
  readonly admit?: <Result>(pixels: number, decoding: () => Promise<Result>) => Promise<Result>;
}

/**
 * What torchvision's Resize(256) and CenterCrop(224) make of a picture, to the bit; but EXIF orientation is applied,
 * colour profiles are converted to sRGB, transparency is laid on white, and of several frames the first counts.
 *
 * @returns 224 x 224 RGB pixels, `SIDE * SIDE * 3` bytes.
 * @throws PictureRejected
 */
export async function preprocess(
  bytes: Uint8Array,
  { limits, crop, admit = (_, decoding) => decoding() }: PreprocessOptions,
): Promise<Uint8Array> {
  const header = await readHeader(bytes, limits);
  const { width, height, rgbProfile } = header;
  const orientation = orientationOf(header.orientation);
  const seen = orientation.swap ? { width: height, height: width } : { width, height };
  const wanted = crop ? pixelsOf(crop, seen.width, seen.height) : { left: 0, top: 0, ...seen };
  const part = storedRectangle(wanted, orientation, width, height);
  const { x, y } = storedAxes(centredSquare(wanted.width, wanted.height), orientation);

  const columns = sourceSpan(x);
  const rows = sourceSpan(y);
  const top = part.top + rows.start;
  // The rows below what is needed are decoded all the same: a file that is cut off must not depend on where.
  const needed = {
    left: part.left + columns.start,
    top,
    width: columns.end - columns.start,
    height: height - top,
  };
  const square = await admit(width * height, async () =>
    resample(await decode(bytes, header, limits, needed), x, y, columns.start, rows.start),
  );
  return turnSquare(rgbProfile ? await toSrgb(square, SIDE, rgbProfile) : square, SIDE, orientation);
}

/** Decodes a part of the picture, as stored, to 8-bit RGB. */
async function decode(
  bytes: Uint8Array,
  { rgbProfile }: PictureHeader,
  limits: PictureLimits,
  part: Rectangle,
): Promise<Pixels> {
  const picture = sharp(bytes, {
    failOn: 'error',
    limitInputPixels: limits.maxPixels,
    sequentialRead: true,
    ignoreIcc: rgbProfile !== undefined,
  });
  try {
    const decoding = picture
      // Frees the thread, as soon as the decoder comes to a point where it can stop.
      .timeout({ seconds: Math.ceil(limits.decodeTimeoutMs / 1000) + 1 })
      .extract(part)
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { data, info } = await within(limits.decodeTimeoutMs, decoding);
    if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`);
    return { data, width: info.width, height: info.height };
  } catch (error) {
    if (error instanceof PictureRejected) throw error;
    throw new PictureRejected('corrupt', 'The file is damaged or cut off: it cannot be decoded whole.', {
      cause: error,
    });
  }
}

/** The result of `work`, or a rejection of the picture when it takes longer than `ms`. */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const message = `The picture takes more than ${ms / 1000} seconds to decode. Upload a smaller version.`;
    timer = setTimeout(() => reject(new PictureRejected('decode-timeout', message)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
