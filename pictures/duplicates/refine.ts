/** Moves a placement until the pixels of two pictures agree best: inverse compositional alignment (Baker and Matthews, 2004). */

import { composed, type Homography } from './homography.ts';
import type { Plane } from './plane.ts';

/** Numbers that are solved for: those of a projective map. */
const UNKNOWNS = 8;
/** Differences above this weigh less and less: text and stickers must not pull at the map. In grey values. */
const ROBUST = 14;
/** A pixel whose surroundings are plainer than this says nothing of where it is: the square of its gradient, in grey values. */
const PLAIN = 2;
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
const row = new Float64Array(UNKNOWNS);
let seen = new Float32Array(4_096);

function step(a: Plane, b: Plane, map: Homography): { map: Homography; moved: number } | undefined {
  const { width, height, pixels, gradientX, gradientY } = b;
  if (seen.length < width * height) seen = new Float32Array(width * height);
  const n = laidOver(a, b, map, seen);
  if (n < MIN_PIXELS) return undefined;
  const { gain, bias } = contrast(seen, pixels, width * height, n);

  normal.fill(0);
  right.fill(0);
  const [middleX, middleY, unit] = [width / 2, height / 2, Math.max(width, height) / 2];
  for (let y = 0, at = 0; y < height; y++) {
    const v = (y + 0.5 - middleY) / unit;
    for (let x = 0; x < width; x++, at++) {
      const va = seen[at]!;
      if (va < 0) continue;
      const gx = gradientX[at]!;
      const gy = gradientY[at]!;
      if (gx * gx + gy * gy < PLAIN) continue;
      const difference = gain * va + bias - pixels[at]!;
      const weight = 1 / (1 + (difference / ROBUST) ** 2);
      const u = (x + 0.5 - middleX) / unit;
      const along = -(gx * u + gy * v);
      row[0] = gx * u;
      row[1] = gx * v;
      row[2] = gx;
      row[3] = gy * u;
      row[4] = gy * v;
      row[5] = gy;
      row[6] = along * u;
      row[7] = along * v;
      for (let i = 0; i < UNKNOWNS; i++) {
        const weighted = weight * row[i]!;
        right[i]! += weighted * difference;
        for (let j = i; j < UNKNOWNS; j++) normal[i * UNKNOWNS + j]! += weighted * row[j]!;
      }
    }
  }
  const hold = HOLD * (normal[0]! + normal[4 * UNKNOWNS + 4]!);
  for (let i = 0; i < UNKNOWNS; i++) {
    for (let j = 0; j < i; j++) normal[i * UNKNOWNS + j] = normal[j * UNKNOWNS + i]!;
    normal[i * UNKNOWNS + i]! *= 1.001;
    normal[i * UNKNOWNS + i]! += 1e-6 + (i > 5 ? hold : 0);
  }
  const change = solved(normal, right);
  if (!change) return undefined;
  const moved = Math.max(...change.map(Math.abs));
  if (!(moved < unit)) return undefined;
  return { map: composed(map, change, middleX, middleY, unit), moved };
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
  const [h0, h1, h2, h3, h4, h5, h6, h7] = map as unknown as number[];
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
function contrast(
  va: Float32Array,
  vb: Float32Array,
  length: number,
  n: number,
): { gain: number; bias: number } {
  let [sa, sb, saa, sab] = [0, 0, 0, 0];
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

/** Solves a symmetric system (Cholesky); `undefined` when it has no one answer. */
function solved(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const n = right.length;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i === j) {
        if (!(sum > 0)) return undefined;
        l[i * n + i] = Math.sqrt(sum);
      } else {
        l[i * n + j] = sum / l[j * n + j]!;
      }
    }
  }
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= l[i * n + k]! * y[k]!;
    y[i] = sum / l[i * n + i]!;
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let sum = y[i]!;
    for (let k = i + 1; k < n; k++) sum -= l[k * n + i]! * x[k]!;
    x[i] = sum / l[i * n + i]!;
  }
  return x;
}
