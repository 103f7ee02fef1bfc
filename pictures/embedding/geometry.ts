/**
 * Which pixels of a picture the network sees: by default torchvision's Resize(256) and CenterCrop(224), in whole pixels, of
 * the picture as EXIF orientation turns it.
 */

import type { Rectangle } from '../decoding/decoder.ts';
import type { Crop } from './embedder.ts';
import type { Axis } from './resampling/filter.ts';

/** See `CropMode`. */
export const CROP_MODES = ['center224', 'center224-of-232', 'whole224', 'whole320'] as const;

/**
 * What of a picture the network sees. `center224`: the middle, after its shorter side became 256. `center224-of-232`: a
 * little more of it, 232. `whole224`: all of it, whatever its shape becomes. `whole320`: the same, larger; twice the work.
 */
export type CropMode = (typeof CROP_MODES)[number];

/**
 * The version of the way from a file to pixels: a part of the model file, so that it is a part of the model's id. Raise it
 * with every change that moves embeddings by more than rounding does: pictures indexed before and after would not compare.
 */
export const PREPROCESSING: Readonly<Record<CropMode, string>> = {
  center224: 'torchvision-resize256-crop224/1',
  'center224-of-232': 'torchvision-resize232-crop224/1',
  whole224: 'squash224/1',
  whole320: 'squash320/1',
};

/** Side of the square that the network sees, but for `whole320`. */
export const SIDE = 224;

export const sideOf = (mode: CropMode): number => (mode === 'whole320' ? 320 : SIDE);

/** The shorter side after resizing; what is over `SIDE` is cut away around the centre. */
const RESIZED_SIDE = { center224: 256, 'center224-of-232': 232 } as const;

/** A part given in fractions as whole pixels, at least one of them. */
export function pixelsOf(crop: Crop, width: number, height: number): Rectangle {
  const left = Math.min(width - 1, Math.round(crop.x * width));
  const top = Math.min(height - 1, Math.round(crop.y * height));
  return {
    left,
    top,
    width: Math.max(1, Math.min(width - left, Math.round(crop.width * width))),
    height: Math.max(1, Math.min(height - top, Math.round(crop.height * height))),
  };
}

/** How a picture of this size becomes a square of `sideOf(mode)`. */
export function seenSquare(width: number, height: number, mode: CropMode): { x: Axis; y: Axis } {
  if (mode === 'whole224' || mode === 'whole320') {
    const side = sideOf(mode);
    return { x: wholeAxis(width, side), y: wholeAxis(height, side) };
  }
  const shorter = Math.min(width, height);
  const resized = RESIZED_SIDE[mode];
  return { x: axis(width, shorter, resized), y: axis(height, shorter, resized) };
}

const wholeAxis = (source: number, side: number): Axis => ({
  source,
  target: side,
  start: 0,
  length: side,
});

function axis(source: number, shorter: number, resized: number): Axis {
  const target = Math.trunc((resized * source) / shorter);
  return { source, target, start: roundHalfEven((target - SIDE) / 2), length: SIDE };
}

/** Python's `round`, which decides where torchvision's crop begins. */
function roundHalfEven(number: number): number {
  const floor = Math.floor(number);
  if (number - floor !== 0.5) return Math.round(number);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** EXIF orientation. From the picture as seen to the picture as stored: swap the axes, then count them from the other end. */
export interface Orientation {
  readonly swap: boolean;
  readonly flipX: boolean;
  readonly flipY: boolean;
}

/** The EXIF standard's orientations, 1 first. */
const ORIENTATIONS: readonly Orientation[] = [
  { swap: false, flipX: false, flipY: false },
  { swap: false, flipX: true, flipY: false },
  { swap: false, flipX: true, flipY: true },
  { swap: false, flipX: false, flipY: true },
  { swap: true, flipX: false, flipY: false },
  { swap: true, flipX: false, flipY: true },
  { swap: true, flipX: true, flipY: true },
  { swap: true, flipX: true, flipY: false },
];

/** A number that the standard does not know means what no number means: as stored. */
export const orientationOf = (exif: number | undefined): Orientation =>
  ORIENTATIONS[(exif ?? 1) - 1] ?? ORIENTATIONS[0]!;

/** Where a part of the picture as seen lies in the picture as stored, which is `width` x `height`. */
export function storedRectangle(seen: Rectangle, by: Orientation, width: number, height: number): Rectangle {
  const part = by.swap
    ? { left: seen.top, top: seen.left, width: seen.height, height: seen.width }
    : { left: seen.left, top: seen.top, width: seen.width, height: seen.height };
  if (by.flipX) part.left = width - part.left - part.width;
  if (by.flipY) part.top = height - part.top - part.height;
  return part;
}

/** The axes of a resampling of the picture as seen, as axes of the picture as stored. */
export function storedAxes(seen: { x: Axis; y: Axis }, by: Orientation): { x: Axis; y: Axis } {
  const { x, y } = by.swap ? { x: seen.y, y: seen.x } : seen;
  return { x: by.flipX ? reversed(x) : x, y: by.flipY ? reversed(y) : y };
}

const reversed = (axis: Axis): Axis => ({ ...axis, start: axis.target - axis.start - axis.length });

/** Turns a square of RGB pixels from as stored to as seen. */
export function turnSquare(stored: Uint8Array, side: number, by: Orientation): Uint8Array {
  if (!by.swap && !by.flipX && !by.flipY) return stored;
  const seen = new Uint8Array(stored.length);
  let to = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const column = by.swap ? y : x;
      const row = by.swap ? x : y;
      const from = ((by.flipY ? side - 1 - row : row) * side + (by.flipX ? side - 1 - column : column)) * 3;
      seen[to++] = stored[from]!;
      seen[to++] = stored[from + 1]!;
      seen[to++] = stored[from + 2]!;
    }
  }
  return seen;
}
