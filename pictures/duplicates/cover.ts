/**
 * A rule beside the verdict: whether one picture is the other with one plain thing put on it, such as a bar of text or a round sticker.
 * Nothing else may have changed, so both are looked at as they are, unmoved: a placement that is sought is pulled by the cover.
 */

import { correlationOf } from './correlation.ts';
import {
  apart,
  type Colours,
  coloursOf,
  type Differing,
  isDifferent,
  WITHIN,
  whereDiffer,
} from './differing.ts';
import type { Box } from './frames.ts';
import type { Prepared } from './prepared.ts';

/** Of two pixels of one colour, and of two on either side of an edge: the most and the least that they differ. */
const NEAR = 20;
const EDGE = 16;
/** A row or column at an end of a bar of which less is hidden is not part of it: text may run on over the end. */
const TRIMMED = 0.8;
/** Pixels along a side that a bar has at least. */
const THINNEST = 4;

/** What a cover must be. docs/duplicates.md has what they let pass of copies and of variants. */
const BOUNDS = {
  /** The part of the picture. Variants of drawings differ in smaller things, and beside larger ones too little is left. */
  area: { least: 0.03, most: 0.3 },
  /** Of what is under it, what differs or has the cover's colour: of the box around somebody's hair, a face is left. */
  hidden: 0.96,
  /** How far its brightness may follow that of what is under it, as the shades of a face follow each other. */
  correlation: 0.5,
  /** Of its edge, what differs from the other picture, and of that, what stands out from what is around it. */
  rim: 0.2,
  edge: 0.8,
  /** Pixels that differ elsewhere; and beside a bar, for text that runs over its end, as a part of the bar. */
  elsewhere: 2,
  beside: 0.04,
  /** Elsewhere the pixels are as in another JPEG, but for so large a part. */
  unlike: 0.02,
  /** How much the brightness of what is left varies, in grey values: of a plain surface nothing is known. */
  texture: 15,
} as const;

/** A rectangle, or the ellipse that fills it. */
interface Shape extends Box {
  readonly isRound: boolean;
}

/** Whether one of two pictures is the other with something plain put on it, whichever of the two. */
export function isCovered(a: Prepared, b: Prepared): boolean {
  const [{ width, height }, other] = [a.levels[0], b.levels[0]];
  if (other.width !== width || other.height !== height) return false;
  const [one, two] = [coloursOf(a), coloursOf(b)];
  const differing = whereDiffer(one, two);
  if (!differing || unlikeBeside(differing, width, height) > BOUNDS.unlike * width * height) return false;
  return covers(one, two, differing) || covers(two, one, differing);
}

/** How many pixels differ that lie beside the surfaces that do: with many of them no shape can be all. */
function unlikeBeside({ left, box }: Differing, width: number, height: number): number {
  let count = 0;
  for (let y = 0, at = 0; y < height; y++) {
    const isBeside = y < box.top - 1 || y > box.bottom;
    for (let x = 0; x < width; x++, at++)
      if (left[at]! > WITHIN && (isBeside || x < box.left - 1 || x > box.right)) count++;
  }
  return count;
}

/** Whether the one of two pictures has a cover on the other. */
function covers(covered: Colours, bare: Colours, differing: Differing): boolean {
  const colour = commonest(covered, differing.places);
  // What has the cover's colour may be under it, whether it differs or not.
  const hidden = differing.marks.map((mark, at) =>
    mark === 1 || apart(covered, at, covered, colour) <= NEAR ? 1 : 0,
  );
  return (
    isCover(
      { ...trimmed(differing.box, hidden, covered.width), isRound: false },
      covered,
      bare,
      differing,
      hidden,
    ) || isCover({ ...differing.box, isRound: true }, covered, bare, differing, hidden)
  );
}

/** The place of a pixel of the colour that is there most often, of some places. */
function commonest(of: Colours, places: readonly number[]): number {
  const counts = new Map<number, number>();
  let best = places[0]!;
  let most = 0;
  for (const at of places) {
    const half = of.halves[at]!;
    const name = ((of.y[at]! >> 3) << 10) | ((of.cb[half]! >> 3) << 5) | (of.cr[half]! >> 3);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count > most) [best, most] = [at, count];
  }
  return best;
}

/** A box without the rows and columns at its ends of which little is hidden. */
function trimmed(box: Box, hidden: Uint8Array, width: number): Box {
  let { left, top, right, bottom } = box;
  const isPart = (x0: number, y0: number, x1: number, y1: number): boolean => {
    let sum = 0;
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += hidden[y * width + x]!;
    return sum >= TRIMMED * (x1 - x0) * (y1 - y0);
  };
  while (right - left > THINNEST && !isPart(left, top, left + 1, bottom)) left++;
  while (right - left > THINNEST && !isPart(right - 1, top, right, bottom)) right--;
  while (bottom - top > THINNEST && !isPart(left, top, right, top + 1)) top++;
  while (bottom - top > THINNEST && !isPart(left, bottom - 1, right, bottom)) bottom--;
  return { left, top, right, bottom };
}

/** Pixels from the middle of a pixel to the edge of a shape; less than 0 outside of it. */
function depthIn({ left, top, right, bottom, isRound }: Shape, x: number, y: number): number {
  const [px, py] = [x + 0.5, y + 0.5];
  if (!isRound) return Math.min(px - left, right - px, py - top, bottom - py);
  const [rx, ry] = [(right - left) / 2, (bottom - top) / 2];
  return (1 - Math.hypot((px - left) / rx - 1, (py - top) / ry - 1)) * Math.min(rx, ry);
}

/** Whether all that differs lies under one shape, which can be seen to be one. */
function isCover(
  shape: Shape,
  covered: Colours,
  bare: Colours,
  { marks, left }: Differing,
  hidden: Uint8Array,
): boolean {
  const { width, height } = covered;
  const box = (shape.right - shape.left) * (shape.bottom - shape.top);
  if (box < BOUNDS.area.least * width * height || box > BOUNDS.area.most * width * height) return false;
  const inside = { pixels: 0, hidden: 0, sum: 0, squares: 0, bare: 0, bareSquares: 0, products: 0 };
  const rim = { pixels: 0, differs: 0, couldStandOut: 0, standsOut: 0 };
  const outside = { pixels: 0, differs: 0, beside: 0, unlike: 0, sum: 0, squares: 0 };
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const depth = depthIn(shape, x, y);
      const bareY = bare.y[at]!;
      if (depth >= 1) {
        const coveredY = covered.y[at]!;
        inside.pixels++;
        inside.hidden += hidden[at]!;
        inside.sum += coveredY;
        inside.squares += coveredY * coveredY;
        inside.bare += bareY;
        inside.bareSquares += bareY * bareY;
        inside.products += coveredY * bareY;
        if (depth >= 2) continue;
        rim.pixels++;
        if (marks[at] === 0) continue;
        rim.differs++;
        const beyond = outwards(shape, x, y, width, height);
        if (beyond === undefined) continue;
        rim.couldStandOut++;
        if (apart(covered, at, covered, beyond) > EDGE) rim.standsOut++;
      } else if (depth < -1) {
        outside.pixels++;
        if (left[at]! > WITHIN) outside.unlike++;
        outside.sum += bareY;
        outside.squares += bareY * bareY;
        if (!isDifferent(left[at]!)) continue;
        if (!shape.isRound && y >= shape.top - 1 && y <= shape.bottom) outside.beside++;
        else outside.differs++;
      }
    }
  }
  const { pixels, sum, bare: bareSum, squares, bareSquares, products } = inside;
  const { correlation } = correlationOf(pixels, sum, bareSum, squares, bareSquares, products);
  const variance = outside.squares / outside.pixels - (outside.sum / outside.pixels) ** 2;
  return (
    inside.hidden >= BOUNDS.hidden * pixels &&
    correlation <= BOUNDS.correlation &&
    rim.differs >= BOUNDS.rim * rim.pixels &&
    rim.standsOut >= BOUNDS.edge * Math.max(1, rim.couldStandOut) &&
    outside.differs <= BOUNDS.elsewhere &&
    outside.beside <= BOUNDS.beside * box &&
    outside.unlike <= BOUNDS.unlike * outside.pixels &&
    variance >= BOUNDS.texture ** 2
  );
}

/** The place of the pixel that is two further out from a pixel at the rim; `undefined` when that is not in the picture. */
function outwards(shape: Shape, x: number, y: number, width: number, height: number): number | undefined {
  const { left, top, right, bottom, isRound } = shape;
  let dx: number;
  let dy: number;
  if (isRound) {
    dx = (x + 0.5 - left) / (right - left) - 0.5;
    dy = (y + 0.5 - top) / (bottom - top) - 0.5;
    [dx, dy] = [dx / Math.hypot(dx, dy), dy / Math.hypot(dx, dy)];
  } else {
    const depth = depthIn(shape, x, y);
    dx = depth === x + 0.5 - left ? -1 : depth === right - x - 0.5 ? 1 : 0;
    dy = dx !== 0 ? 0 : depth === y + 0.5 - top ? -1 : 1;
  }
  const [toX, toY] = [x + Math.round(2 * dx), y + Math.round(2 * dy)];
  return toX < 0 || toY < 0 || toX >= width || toY >= height ? undefined : toY * width + toX;
}
