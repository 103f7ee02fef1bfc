/** Boxes inside a picture, in fractions of its sides: drawing, moving and sizing them without leaving it. */

import type { Crop } from '../route/route.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The smallest side of a box: below it there is nothing to recognise. */
export const MIN_SIDE = 0.04;

/** What the keyboard starts with: the middle of the picture. */
export const MIDDLE: Crop = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** The box between two corners, whichever way it was drawn; `undefined` for a click that drew nothing. */
export function boxBetween(from: Point, to: Point): Crop | undefined {
  const left = clamp(Math.min(from.x, to.x), 0, 1);
  const top = clamp(Math.min(from.y, to.y), 0, 1);
  const width = clamp(Math.max(from.x, to.x), 0, 1) - left;
  const height = clamp(Math.max(from.y, to.y), 0, 1) - top;
  return width < MIN_SIDE || height < MIN_SIDE ? undefined : { x: left, y: top, width, height };
}

/** The box shifted, stopping at the edges. */
export const moved = (box: Crop, by: Point): Crop => ({
  ...box,
  x: clamp(box.x + by.x, 0, 1 - box.width),
  y: clamp(box.y + by.y, 0, 1 - box.height),
});

/** The box with its lower right corner shifted. */
export const sized = (box: Crop, by: Point): Crop => ({
  ...box,
  width: clamp(box.width + by.x, MIN_SIDE, 1 - box.x),
  height: clamp(box.height + by.y, MIN_SIDE, 1 - box.y),
});

export type Corner = 'nw' | 'ne' | 'sw' | 'se';

/** The corner that stays where it is while the one named is dragged. */
export const opposite = (box: Crop, corner: Corner): Point => ({
  x: corner.endsWith('w') ? box.x + box.width : box.x,
  y: corner.startsWith('n') ? box.y + box.height : box.y,
});

/** The box in words, for those who cannot see it. */
export function inWords({ x, y, width, height }: Crop): string {
  const percent = (value: number) => `${Math.round(value * 100)}%`;
  return `${percent(width)} wide and ${percent(height)} high, ${percent(x)} from the left and ${percent(y)} from the top`;
}
