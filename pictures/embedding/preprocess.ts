/** From the bytes of a picture file to the pixels that the network sees. */

import sharp from 'sharp';
import type { PictureDecoder } from '../decoding/decoder.ts';
import type { PictureHeader } from '../decoding/header.ts';
import { plainTiff } from '../decoding/pixels.ts';
import type { Crop } from './embedder.ts';
import {
  type CropMode,
  orientationOf,
  pixelsOf,
  seenSquare,
  sideOf,
  storedAxes,
  storedRectangle,
  turnSquare,
} from './geometry.ts';
import { sourceSpan } from './resampling/filter.ts';
import { resample } from './resampling/resample.ts';

/**
 * What torchvision's Resize and CenterCrop (or Resize alone, for the whole picture) make of a picture, to the bit; but EXIF orientation is applied,
 * colour profiles are converted to sRGB, transparency is laid on white, and of several frames the first counts.
 *
 * @param crop The part of the picture that matters; all of it when not given.
 * @param mode What of that part the network sees.
 * @returns RGB pixels of a square of `sideOf(mode)`.
 * @throws PictureRejected, DecodingFailed
 */
export async function preprocess(
  decoder: PictureDecoder,
  header: PictureHeader,
  crop?: Crop,
  mode: CropMode = 'center224',
): Promise<Uint8Array> {
  const { width, height, rgbProfile } = header;
  const orientation = orientationOf(header.orientation);
  const seen = orientation.swap ? { width: height, height: width } : { width, height };
  const wanted = crop ? pixelsOf(crop, seen.width, seen.height) : { left: 0, top: 0, ...seen };
  const part = storedRectangle(wanted, orientation, width, height);
  const { x, y } = storedAxes(seenSquare(wanted.width, wanted.height, mode), orientation);

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
  const square = await decoder.decode(header, needed, (pixels) =>
    resample(pixels, x, y, columns.start, rows.start),
  );
  const side = sideOf(mode);
  return turnSquare(rgbProfile ? await toSrgb(square, side, rgbProfile) : square, side, orientation);
}

/**
 * Converts the few pixels that the network sees, not the millions of the file: it is the same to within rounding, and
 * takes a millisecond. A profile that cannot be used is ignored, as browsers do.
 *
 * @param rgb `side * side * 3` bytes in the colours of `profile`, an ICC profile for RGB.
 */
async function toSrgb(rgb: Uint8Array, side: number, profile: Uint8Array): Promise<Uint8Array> {
  const converting = sharp(plainTiff({ data: rgb, width: side, height: side }, profile))
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  return converting.catch(() => rgb);
}
