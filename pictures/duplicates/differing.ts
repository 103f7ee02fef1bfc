/** Where two small copies of one size differ, one pixel over the other, by more than compression and scaling make. */

import type { Box } from './frames.ts';
import type { Prepared } from './prepared.ts';

/** A difference that neither compression nor scaling makes, of brightness or colour. */
const DIFFERS = 10;
/** So much of what a picture varies around a pixel is no difference: a scaled copy has other edges. */
const SLACK = 0.2;
/** A difference as compression makes it. */
export const WITHIN = 4;
/** Of its eight neighbours, those that differ too where a differing pixel is part of a surface. */
const CROWD = 3;
/** The part of the pixels that must differ, and that may. */
const DIFFERING = { least: 0.02, most: 0.4 } as const;

/** The colours of a small copy, Cb and Cr at half its size. */
export interface Colours {
  readonly width: number;
  readonly height: number;
  readonly y: Float32Array;
  readonly cb: Float32Array;
  readonly cr: Float32Array;
  /** The place of each pixel's colours. */
  readonly halves: Uint16Array;
}

/** Where two pictures differ. */
export interface Differing {
  /** 1 where the largest difference of any of the three is more than compression makes. */
  readonly marks: Uint8Array;
  /** What is left of that difference where scaling can have made some of it. */
  readonly left: Float32Array;
  /** Around all surfaces that differ. */
  readonly box: Box;
  /** The places of the pixels of these. */
  readonly places: readonly number[];
}

export const coloursOf = ({
  levels: [{ width, height, pixels: y }],
  chroma: [cb, cr],
}: Prepared): Colours => ({
  width,
  height,
  y,
  cb: cb.pixels,
  cr: cr.pixels,
  halves: halvesOf(width, height),
});

let last = { width: 0, halves: new Uint16Array() };

/** For each pixel its place at half the size; of one size again and again, since most pictures have the same. */
function halvesOf(width: number, height: number): Uint16Array {
  if (last.width === width && last.halves.length === width * height) return last.halves;
  const [halfWidth, halfHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const halves = Uint16Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return Math.min(halfHeight - 1, y >> 1) * halfWidth + Math.min(halfWidth - 1, x >> 1);
  });
  last = { width, halves };
  return halves;
}

/** Whether so much is more than compression makes. */
export const isDifferent = (by: number): boolean => by > DIFFERS;

/** The largest difference of two pixels, of any of the three. */
export function apart(one: Colours, i: number, other: Colours, j: number): number {
  const p = one.halves[i]!;
  const q = other.halves[j]!;
  const y = Math.abs(one.y[i]! - other.y[j]!);
  const cb = Math.abs(one.cb[p]! - other.cb[q]!);
  const cr = Math.abs(one.cr[p]! - other.cr[q]!);
  return Math.max(y, cb, cr);
}

/** In how many pixels two differ in brightness alone, which most pairs are told apart by. */
function differInBrightness(one: Float32Array, other: Float32Array): number {
  let count = 0;
  for (let at = 0; at < one.length; at++) if (Math.abs(one[at]! - other[at]!) > DIFFERS) count++;
  return count;
}

/** @returns `undefined` when too little differs, or too much */
export function whereDiffer(one: Colours, other: Colours): Differing | undefined {
  const { width, height } = one;
  const length = width * height;
  if (differInBrightness(one.y, other.y) > DIFFERING.most * length) return undefined;
  const left = new Float32Array(length);
  const marks = new Uint8Array(length);
  let marked = 0;
  for (let at = 0; at < length; at++) {
    left[at] = apart(one, at, other, at);
    if (left[at]! > DIFFERS) marked += marks[at] = 1;
  }
  if (marked < DIFFERING.least * length || marked > DIFFERING.most * length) return undefined;
  for (let at = 0; at < length; at++)
    if (left[at]! > WITHIN) left[at]! -= SLACK * Math.max(variesAround(one, at), variesAround(other, at));
  const places: number[] = [];
  let box: Box = { left: width, top: height, right: 0, bottom: 0 };
  for (let at = 0; at < length; at++) {
    if (!isDifferent(left[at]!) || crowdAround(left, at, width, height) < CROWD) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    places.push(at);
    box = {
      left: Math.min(box.left, x),
      top: Math.min(box.top, y),
      right: Math.max(box.right, x + 1),
      bottom: Math.max(box.bottom, y + 1),
    };
  }
  return places.length === 0 ? undefined : { marks, left, box, places };
}

/** The largest difference between a pixel and its eight neighbours, and these, of any of the three. */
function variesAround({ width, height, y: luma, cb, cr, halves }: Colours, at: number): number {
  const [x, y] = [at % width, Math.floor(at / width)];
  let [lowY, lowCb, lowCr, highY, highCb, highCr] = [255, 255, 255, 0, 0, 0];
  for (let j = Math.max(0, y - 1); j <= y + 1 && j < height; j++) {
    for (let i = Math.max(0, x - 1); i <= x + 1 && i < width; i++) {
      const full = luma[j * width + i]!;
      const half = halves[j * width + i]!;
      if (full < lowY) lowY = full;
      if (full > highY) highY = full;
      if (cb[half]! < lowCb) lowCb = cb[half]!;
      if (cb[half]! > highCb) highCb = cb[half]!;
      if (cr[half]! < lowCr) lowCr = cr[half]!;
      if (cr[half]! > highCr) highCr = cr[half]!;
    }
  }
  return Math.max(highY - lowY, highCb - lowCb, highCr - lowCr);
}

/** How many of a pixel's neighbours differ. */
function crowdAround(left: Float32Array, at: number, width: number, height: number): number {
  const [x, y] = [at % width, Math.floor(at / width)];
  let around = -1;
  for (let j = Math.max(0, y - 1); j <= y + 1 && j < height; j++)
    for (let i = Math.max(0, x - 1); i <= x + 1 && i < width; i++)
      if (isDifferent(left[j * width + i]!)) around++;
  return around;
}
