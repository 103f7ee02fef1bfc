/** EXIF orientation: how a picture that is stored lying or mirrored is meant to be seen. */

import type { Rectangle } from './geometry.ts';
import type { Axis } from './resampling/filter.ts';

/** From the picture as seen to the picture as stored: swap the axes, then count them from the other end. */
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
