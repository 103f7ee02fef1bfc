/** Finds how one picture lies in another by the corners that both have. */

import { type Features, LEVEL_SCALE, WORDS } from './features.ts';
import type { Homography } from './homography.ts';

export interface Placement {
  readonly map: Homography;
  /** Corners that agree on it. */
  readonly inliers: number;
}

/** Bits of 256 in which two descriptors of one corner may differ. */
const MAX_DISTANCE = 62;
/** Of the first 64 bits; more than this and the rest is not looked at. */
const MAX_FIRST = 22;
/** How far a corner may be from where the others say it is, in pixels of the copy of 256. */
const TOLERANCE = 7;
const MIN_INLIERS = 4;

/**
 * The placement that most corners agree on: b's places to a's.
 *
 * @param mirrored b is looked at in a mirror
 * @param scaleA pixels of a's small copy for each pixel of the copy that its corners were found in; likewise `scaleB`
 */
export function placeByFeatures(
  a: Features,
  b: Features,
  mirrored: boolean,
  { scaleA, scaleB }: { scaleA: number; scaleB: number },
): Placement | undefined {
  const pairs = matches(a, b, mirrored);
  if (pairs.length < 2 * MIN_INLIERS) return undefined;
  let [most, first] = [MIN_INLIERS - 1, -1];
  for (let i = 0; i < pairs.length; i += 2) {
    const agreeing = agreeingWith(similarityOf(a, b, pairs[i]!, pairs[i + 1]!, mirrored), a, b, pairs);
    if (agreeing > most) [most, first] = [agreeing, i];
  }
  if (first < 0) return undefined;
  let best = inliersOf(similarityOf(a, b, pairs[first]!, pairs[first + 1]!, mirrored), a, b, pairs);
  // Fitted to all that agree, the map is better than any one corner's, and more may agree with it.
  let affine = affineOf(a, b, best);
  if (affine) {
    const more = inliersOf(affine, a, b, pairs);
    if (more.length >= best.length) {
      best = more;
      affine = affineOf(a, b, best);
    }
  }
  if (!affine || !isSane(affine)) return undefined;
  return { map: inCopies(affine, scaleA, scaleB), inliers: best.length / 2 };
}

/** For each corner of b the nearest of a: pairs of indices, one after the other. */
function matches(a: Features, b: Features, mirrored: boolean): number[] {
  const pairs: number[] = [];
  const turn = mirrored ? WORDS / 2 : 0;
  const { bits, count } = a;
  for (let j = 0; j < b.count; j++) {
    const w = (i: number) => b.bits[j * WORDS + ((i + turn) & 7)]!;
    const [b0, b1, b2, b3, b4, b5, b6, b7] = [w(0), w(1), w(2), w(3), w(4), w(5), w(6), w(7)];
    let nearest = -1;
    let least = MAX_DISTANCE + 1;
    for (let i = 0, at = 0; i < count; i++, at += WORDS) {
      const first = ones(bits[at]! ^ b0) + ones(bits[at + 4]! ^ b4);
      if (first > MAX_FIRST) continue;
      const distance =
        first +
        ones(bits[at + 1]! ^ b1) +
        ones(bits[at + 2]! ^ b2) +
        ones(bits[at + 3]! ^ b3) +
        ones(bits[at + 5]! ^ b5) +
        ones(bits[at + 6]! ^ b6) +
        ones(bits[at + 7]! ^ b7);
      if (distance < least) {
        least = distance;
        nearest = i;
      }
    }
    if (nearest >= 0) pairs.push(nearest, j);
  }
  return pairs;
}

function ones(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The turn, scale and shift that one pair of corners tells, as an affine map: a.x = m0 b.x + m1 b.y + m2 and so on. */
function similarityOf(a: Features, b: Features, i: number, j: number, mirrored: boolean): Float64Array {
  const scale = LEVEL_SCALE ** (a.level[i]! - b.level[j]!);
  // A mirror at the vertical axis turns a direction t into half a turn less t.
  const direction = mirrored ? 128 - b.angle[j]! : b.angle[j]!;
  const turn = ((a.angle[i]! - direction) / 256) * 2 * Math.PI;
  const [cos, sin] = [scale * Math.cos(turn), scale * Math.sin(turn)];
  const flip = mirrored ? -1 : 1;
  const map = Float64Array.of(cos * flip, -sin, 0, sin * flip, cos, 0);
  map[2] = a.x[i]! - map[0]! * b.x[j]! - map[1]! * b.y[j]!;
  map[5] = a.y[i]! - map[3]! * b.x[j]! - map[4]! * b.y[j]!;
  return map;
}

/** How many pairs of corners lie where a map says. */
const agreeingWith = (map: Float64Array, a: Features, b: Features, pairs: readonly number[]): number =>
  look(map, a, b, pairs, undefined);

/** Those pairs. */
function inliersOf(map: Float64Array, a: Features, b: Features, pairs: readonly number[]): number[] {
  const agreeing: number[] = [];
  look(map, a, b, pairs, agreeing);
  return agreeing;
}

function look(
  map: Float64Array,
  a: Features,
  b: Features,
  pairs: readonly number[],
  agreeing: number[] | undefined,
): number {
  const m0 = map[0]!;
  const m1 = map[1]!;
  const m2 = map[2]!;
  const m3 = map[3]!;
  const m4 = map[4]!;
  const m5 = map[5]!;
  const squared = TOLERANCE * TOLERANCE * Math.max(1, Math.abs(m0 * m4 - m1 * m3));
  const { x: ax, y: ay } = a;
  const { x: bx, y: by } = b;
  let count = 0;
  for (let k = 0; k < pairs.length; k += 2) {
    const i = pairs[k]!;
    const j = pairs[k + 1]!;
    const dx = m0 * bx[j]! + m1 * by[j]! + m2 - ax[i]!;
    const dy = m3 * bx[j]! + m4 * by[j]! + m5 - ay[i]!;
    if (dx * dx + dy * dy > squared) continue;
    count++;
    agreeing?.push(i, j);
  }
  return count;
}

/** The affine map that fits pairs of corners best; `undefined` when they lie on a line. */
function affineOf(a: Features, b: Features, pairs: readonly number[]): Float64Array | undefined {
  const n = pairs.length / 2;
  let mx = 0;
  let my = 0;
  for (let k = 1; k < pairs.length; k += 2) {
    mx += b.x[pairs[k]!]! / n;
    my += b.y[pairs[k]!]! / n;
  }
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let ax = 0;
  let ay = 0;
  const right = new Float64Array(4);
  for (let k = 0; k < pairs.length; k += 2) {
    const [i, j] = [pairs[k]!, pairs[k + 1]!];
    const [x, y] = [b.x[j]! - mx, b.y[j]! - my];
    xx += x * x;
    xy += x * y;
    yy += y * y;
    ax += a.x[i]! / n;
    ay += a.y[i]! / n;
    right[0]! += x * a.x[i]!;
    right[1]! += y * a.x[i]!;
    right[2]! += x * a.y[i]!;
    right[3]! += y * a.y[i]!;
  }
  const determinant = xx * yy - xy * xy;
  if (determinant < 1e-3 * (xx + yy) ** 2) return undefined;
  const [r0, r1, r2, r3] = right as unknown as [number, number, number, number];
  const m0 = (yy * r0 - xy * r1) / determinant;
  const m1 = (xx * r1 - xy * r0) / determinant;
  const m3 = (yy * r2 - xy * r3) / determinant;
  const m4 = (xx * r3 - xy * r2) / determinant;
  return Float64Array.of(m0, m1, ax - m0 * mx - m1 * my, m3, m4, ay - m3 * mx - m4 * my);
}

/** Whether a copy could be made so: not squeezed to a line, scaled by 5 at most. */
function isSane([m0, m1, , m3, m4]: Float64Array): boolean {
  const area = Math.abs(m0! * m4! - m1! * m3!);
  const stretch = Math.hypot(m0!, m1!, m3!, m4!) ** 2 / 2;
  return area > 1 / 25 && area < 25 && stretch < 1.6 * area;
}

function inCopies(m: Float64Array, scaleA: number, scaleB: number): Homography {
  const ratio = scaleA / scaleB;
  // Corner (x, y) is the pixel's centre at (x + 0.5, y + 0.5).
  const shiftX = m[2]! + 0.5 - 0.5 * (m[0]! + m[1]!);
  const shiftY = m[5]! + 0.5 - 0.5 * (m[3]! + m[4]!);
  return [
    m[0]! * ratio,
    m[1]! * ratio,
    shiftX * scaleA,
    m[3]! * ratio,
    m[4]! * ratio,
    shiftY * scaleA,
    0,
    0,
    1,
  ];
}
