/** From the bytes of a picture file to the pixels that the network sees. */

import type { PictureDecoder } from '../decoding/decoder.ts';
import type { PictureHeader } from '../decoding/header.ts';
import { type Pixels, toSrgb } from '../decoding/pixels.ts';
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
 * @param useAll Is given all pixels of the picture, as stored, while they are there; then all of them are decoded. Must not reject.
 * @returns RGB pixels of a square of `sideOf(mode)`.
 * @throws PictureRejected, DecodingFailed
 */
export async function preprocess(
  decoder: PictureDecoder,
  header: PictureHeader,
  crop?: Crop,
  mode: CropMode = 'center224',
  useAll?: (pixels: Pixels) => Promise<void>,
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
  const needed = useAll
    ? { left: 0, top: 0, width, height }
    : { left: part.left + columns.start, top, width: columns.end - columns.start, height: height - top };
  const data = await decoder.decode(header, needed, async (pixels) => {
    await useAll?.(pixels);
    return resample(pixels, x, y, needed.left - part.left, needed.top - part.top);
  });
  // The few pixels that the network sees, not the millions of the file: it is the same to within rounding, and takes a millisecond.
  const side = sideOf(mode);
  const square = { data, width: side, height: side };
  return turnSquare((rgbProfile ? await toSrgb(square, rgbProfile) : square).data, side, orientation);
}
