/** Which pixels of a picture the network sees: torchvision's Resize(256) and CenterCrop(224), in whole pixels. */

import type { Crop } from './embedder.ts';
import type { Axis } from './resampling/filter.ts';

/** Side of the square that the network sees. */
export const SIDE = 224;

/** The shorter side after resizing; what is over `SIDE` is cut away around the centre. */
const RESIZED_SIDE = 256;

/** A picture, or a part of one, in pixels of the picture. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

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

/** How a picture of this size becomes `SIDE` x `SIDE` pixels. */
export function centredSquare(width: number, height: number): { x: Axis; y: Axis } {
  const shorter = Math.min(width, height);
  return { x: axis(width, shorter), y: axis(height, shorter) };
}

function axis(source: number, shorter: number): Axis {
  const target = Math.trunc((RESIZED_SIDE * source) / shorter);
  return { source, target, start: roundHalfEven((target - SIDE) / 2), length: SIDE };
}

/** Python's `round`, which decides where torchvision's crop begins. */
function roundHalfEven(number: number): number {
  const floor = Math.floor(number);
  if (number - floor !== 0.5) return Math.round(number);
  return floor % 2 === 0 ? floor : floor + 1;
}
