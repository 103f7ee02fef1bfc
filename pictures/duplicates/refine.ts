/** Moves a placement until the pixels of two pictures agree best: inverse compositional alignment (Baker and Matthews, 2004). */

import type { Fit } from './correlation.ts';
import { composed, type Homography } from './homography.ts';
import type { Plane } from './plane.ts';

/** Numbers that are solved for: those of a projective map. */
const UNKNOWNS = 8;
/** Differences above this weigh less and less: text and stickers must not pull at the map. In grey values. */
const ROBUST = 14;
/** A step below this, in pixels at the picture's edge, ends the search. */
const STILL = 0.02;
/** Few pictures are tilted, and a tilt is known least: it is held towards none, so many times as firmly as a stretch is known. */
const HOLD = 2;
const MIN_PIXELS = 30;

/**
 * @param map b's places to a's, in pixels of these planes
 * @returns a better map; the same when there is none
 */
export function refined(a: Plane, b: Plane, map: Homography, rounds: number): Homography {
  let current = map;
  for (let round = 0; round < rounds; round++) {
    const next = step(a, b, current);
    if (!next) return current;
    current = next.map;
    if (next.moved < STILL) return current;
  }
  return current;
}

// One thread works on one pair at a time.
const normal = new Float64Array(UNKNOWNS * UNKNOWNS);
const right = new Float64Array(UNKNOWNS);
let seen = new Float32Array(4_096);

function step(a: Plane, b: Plane, map: Homography): { map: Homography; moved: number } | undefined {
  const { width, height, pixels } = b;
  if (seen.length < width * height) seen = new Float32Array(width * height);
  const n = laidOver(a, b, map, seen);
  if (n < MIN_PIXELS) return undefined;
  const [middleX, middleY, unit] = [width / 2, height / 2, Math.max(width, height) / 2];
  addEquations(b, contrast(seen, pixels, width * height, n));
  const hold = HOLD * (normal[0]! + normal[4 * UNKNOWNS + 4]!);
  for (let i = 0; i < UNKNOWNS; i++) {
    for (let j = 0; j < i; j++) normal[i * UNKNOWNS + j] = normal[j * UNKNOWNS + i]!;
    normal[i * UNKNOWNS + i]! *= 1.001;
    normal[i * UNKNOWNS + i]! += 1e-6 + (i > 5 ? hold : 0);
  }
  const change = solved(normal, right);
  if (!change) return undefined;
  let moved = 0;
  for (const each of change) moved = Math.max(moved, Math.abs(each));
  if (!(moved < unit)) return undefined;
  return { map: composed(map, change, middleX, middleY, unit), moved };
}

/**
 * Sums the normal equations over the pixels of `b` on which something lies, into `normal` (its upper half) and `right`.
 *
 * With u and v from the middle and the gradient (gx, gy), a pixel's row is gx (u, v, 1), gy (u, v, 1) and t (u, v), where
 * t = -(gx u + gy v). Along a line v does not change, so the products need no more than the sums of gx gx, gx gy and gy gy by
 * powers of u.
 */
function addEquations(
  { width, height, pixels, slopes: { gradientX, gradientY, textured } }: Plane,
  { gain, bias }: Fit,
): void {
  normal.fill(0);
  right.fill(0);
  const laid = seen;
  const [middleX, middleY, scale] = [width / 2, height / 2, 2 / Math.max(width, height)];
  for (let next = 0; next < textured.length; ) {
    const y = Math.floor(textured[next]! / width);
    const v = (y + 0.5 - middleY) * scale;
    const [start, end] = [y * width, (y + 1) * width];
    let xx0 = 0;
    let xx1 = 0;
    let xx2 = 0;
    let xx3 = 0;
    let xx4 = 0;
    let xy0 = 0;
    let xy1 = 0;
    let xy2 = 0;
    let xy3 = 0;
    let yy0 = 0;
    let yy1 = 0;
    let yy2 = 0;
    let dx0 = 0;
    let dx1 = 0;
    let dx2 = 0;
    let dy0 = 0;
    let dy1 = 0;
    for (; next < textured.length; next++) {
      const at = textured[next]!;
      if (at >= end) break;
      const va = laid[at]!;
      if (va < 0) continue;
      const gx = gradientX[at]!;
      const gy = gradientY[at]!;
      const difference = gain * va + bias - pixels[at]!;
      const far = difference * (1 / ROBUST);
      const weight = 1 / (1 + far * far);
      const u = (at - start + 0.5 - middleX) * scale;
      let term = weight * gx * gx;
      xx0 += term;
      xx1 += term *= u;
      xx2 += term *= u;
      xx3 += term *= u;
      xx4 += term * u;
      term = weight * gx * gy;
      xy0 += term;
      xy1 += term *= u;
      xy2 += term *= u;
      xy3 += term * u;
      term = weight * gy * gy;
      yy0 += term;
      yy1 += term *= u;
      yy2 += term * u;
      term = weight * difference * gx;
      dx0 += term;
      dx1 += term *= u;
      dx2 += term * u;
      term = weight * difference * gy;
      dy0 += term;
      dy1 += term * u;
    }
    // gx, gy and t with each other.
    addProducts(0, 0, xx0, xx1, xx2, v);
    addProducts(0, 3, xy0, xy1, xy2, v);
    addProducts(3, 3, yy0, yy1, yy2, v);
    addProducts(0, 6, -(xx1 + v * xy0), -(xx2 + v * xy1), -(xx3 + v * xy2), v);
    addProducts(3, 6, -(xy1 + v * yy0), -(xy2 + v * yy1), -(xy3 + v * yy2), v);
    const twice = 2 * v;
    const squared = v * v;
    addProducts(
      6,
      6,
      xx2 + twice * xy1 + squared * yy0,
      xx3 + twice * xy2 + squared * yy1,
      xx4 + twice * xy3 + squared * yy2,
      v,
    );
    right[0]! += dx1;
    right[1]! += v * dx0;
    right[2]! += dx0;
    right[3]! += dy1;
    right[4]! += v * dy0;
    right[5]! += dy0;
    right[6]! -= dx2 + v * dy1;
    right[7]! -= v * (dx1 + v * dy0);
  }
}

/** Adds one line's sum of a product, times 1, u and u u, at the places of two triples (u, v, 1); the last has no third. */
function addProducts(i: number, j: number, by1: number, byU: number, byUU: number, v: number): void {
  const [one, two, three] = [i * UNKNOWNS + j, (i + 1) * UNKNOWNS + j, (i + 2) * UNKNOWNS + j];
  normal[one]! += byUU;
  normal[one + 1]! += v * byU;
  normal[two]! += v * byU;
  normal[two + 1]! += v * v * by1;
  if (j < 6) {
    normal[one + 2]! += byU;
    normal[two + 2]! += v * by1;
  }
  if (i < 6) {
    normal[three]! += byU;
    normal[three + 1]! += v * by1;
  }
  if (i < 6 && j < 6) normal[three + 2]! += by1;
}

/** What is laid over another: a plane, or what is known of its pixels. */
export type Pixels = Pick<Plane, 'width' | 'height' | 'pixels'>;

/**
 * Samples `a` where the pixels of `b` lie on it, into `into`, -1 where they do not.
 *
 * @param rim pixels along a's edges that do not count
 * @returns how many do
 */
export function laidOver(
  a: Pixels,
  { width, height }: Pick<Plane, 'width' | 'height'>,
  map: Homography,
  into: Float32Array,
  rim = 0,
): number {
  const [h0, h1, h2, h3, h4, h5, h6, h7] = map;
  const { width: aw, height: ah, pixels } = a;
  const [right, bottom] = [aw - 1, ah - 1];
  const [mostX, mostY] = [aw - rim, ah - rim];
  let n = 0;
  for (let y = 0, at = 0; y < height; y++) {
    const py = y + 0.5;
    for (let x = 0; x < width; x++, at++) {
      const px = x + 0.5;
      const w = 1 / (h6! * px + h7! * py + 1);
      const ax = (h0! * px + h1! * py + h2!) * w;
      const ay = (h3! * px + h4! * py + h5!) * w;
      if (!(ax >= rim && ay >= rim && ax <= mostX && ay <= mostY)) {
        into[at] = -1;
        continue;
      }
      const sx = ax < 0.5 ? 0 : ax - 0.5 > right ? right : ax - 0.5;
      const sy = ay < 0.5 ? 0 : ay - 0.5 > bottom ? bottom : ay - 0.5;
      const x0 = sx | 0;
      const y0 = sy | 0;
      const from = y0 * aw + x0;
      const one = x0 < right ? 1 : 0;
      const down = y0 < bottom ? aw : 0;
      const fx = sx - x0;
      const top = pixels[from]! + fx * (pixels[from + one]! - pixels[from]!);
      const low = pixels[from + down]! + fx * (pixels[from + down + one]! - pixels[from + down]!);
      into[at] = top + (sy - y0) * (low - top);
      n++;
    }
  }
  return n;
}

/** What contrast and brightness make of `va` where it is seen (not below 0): b = gain * a + bias. */
function contrast(va: Float32Array, vb: Float32Array, length: number, n: number): Fit {
  let sa = 0;
  let sb = 0;
  let saa = 0;
  let sab = 0;
  for (let i = 0; i < length; i++) {
    const x = va[i]!;
    if (x < 0) continue;
    sa += x;
    sb += vb[i]!;
    saa += x * x;
    sab += x * vb[i]!;
  }
  const variance = saa - (sa * sa) / n;
  const gain = variance > n ? Math.min(3, Math.max(0.3, (sab - (sa * sb) / n) / variance)) : 1;
  return { gain, bias: (sb - gain * sa) / n };
}

const lower = new Float64Array(UNKNOWNS * UNKNOWNS);
const solution = new Float64Array(UNKNOWNS);

/** Solves a symmetric system (Cholesky), until the next one is; `undefined` when it has no one answer. */
function solved(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const n = UNKNOWNS;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      if (i === j) {
        if (!(sum > 0)) return undefined;
        lower[i * n + i] = Math.sqrt(sum);
      } else {
        lower[i * n + j] = sum / lower[j * n + j]!;
      }
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * n + k]! * solution[k]!;
    solution[i] = sum / lower[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = solution[i]!;
    for (let k = i + 1; k < n; k++) sum -= lower[k * n + i]! * solution[k]!;
    solution[i] = sum / lower[i * n + i]!;
  }
  return solution;
}
