/** Placements that need no corners: whole on whole, turned or mirrored, with or without the borders around a picture. */

import type { Homography } from './homography.ts';
import type { Plane } from './plane.ts';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Grey values in which the pixels of a border may differ. */
const BORDER_SPREAD = 10;
/** A border is at most this part of a side, at either end. */
const MAX_BORDER = 0.4;

export const wholeOf = ({ width, height }: Plane): Box => ({ left: 0, top: 0, right: width, bottom: height });

/** What is inside borders of one colour; `undefined` when there are none. */
export function insideBorders({ width, height, pixels }: Plane): Box | undefined {
  const value = (x: number, y: number) => pixels[y * width + x]!;
  const isBorder = (x: number, y: number, dx: number, dy: number, count: number): boolean => {
    const first = value(x, y);
    for (let i = 1; i < count; i++) {
      if (Math.abs(value(x + i * dx, y + i * dy) - first) > BORDER_SPREAD) return false;
    }
    return true;
  };
  const [mostX, mostY] = [Math.floor(width * MAX_BORDER), Math.floor(height * MAX_BORDER)];
  let [top, bottom, left, right] = [0, height, 0, width];
  while (top < mostY && isBorder(0, top, 1, 0, width)) top++;
  while (height - bottom < mostY && isBorder(0, bottom - 1, 1, 0, width)) bottom--;
  while (left < mostX && isBorder(left, top, 0, 1, bottom - top)) left++;
  while (width - right < mostX && isBorder(right - 1, top, 0, 1, bottom - top)) right--;
  if (top === 0 && left === 0 && bottom === height && right === width) return undefined;
  if (top === mostY && height - bottom === mostY) return undefined;
  return { left, top, right, bottom };
}

/** The eight ways to lay a rectangle on another one: [x from x, x from y, y from x, y from y], about the centre. */
const TURNS = [
  [1, 0, 0, 1],
  [-1, 0, 0, 1],
  [-1, 0, 0, -1],
  [1, 0, 0, -1],
  [0, 1, -1, 0],
  [0, -1, 1, 0],
  [0, 1, 1, 0],
  [0, -1, -1, 0],
] as const;

/** How far two shapes may be from each other: a ratio of their ratios of sides. */
const MAX_STRETCH = 1.12;

/** Maps that lay `b`'s box exactly on `a`'s, in the turns in which both have about the same shape. */
export function boxPlacements(a: Box, b: Box): Homography[] {
  const [aw, ah] = [a.right - a.left, a.bottom - a.top];
  const [bw, bh] = [b.right - b.left, b.bottom - b.top];
  const maps: Homography[] = [];
  for (const [xx, xy, yx, yy] of TURNS) {
    const upright = xy === 0;
    const ratio = upright ? (aw / ah) * (bh / bw) : (aw / ah) * (bw / bh);
    if (ratio > MAX_STRETCH || ratio < 1 / MAX_STRETCH) continue;
    const sx = upright ? aw / bw : aw / bh;
    const sy = upright ? ah / bh : ah / bw;
    const [acx, acy] = [(a.left + a.right) / 2, (a.top + a.bottom) / 2];
    const [bcx, bcy] = [(b.left + b.right) / 2, (b.top + b.bottom) / 2];
    const [m0, m1, m3, m4] = [sx * xx, sx * xy, sy * yx, sy * yy];
    maps.push([m0, m1, acx - m0 * bcx - m1 * bcy, m3, m4, acy - m3 * bcx - m4 * bcy, 0, 0, 1]);
  }
  return maps;
}
