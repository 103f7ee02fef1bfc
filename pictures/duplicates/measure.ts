/** Measures how two pictures differ where one lies over the other. */

import { type Correlated, correlationOf, type Fit } from './correlation.ts';
import { between, type Homography } from './homography.ts';
import { laySeen } from './laid.ts';
import type { Prepared } from './prepared.ts';
import { Quantiles } from './quantiles.ts';
import { laidOver } from './refine.ts';

/** How two pictures differ where one lies over the other; differences are in grey values. */
export interface Measured {
  /** The part of the larger frame's pixels, and of the smaller one's, that the other covers. */
  readonly overlapA: number;
  readonly overlapB: number;
  /** Correlation of brightness, and of its changes from pixel to pixel. */
  readonly correlation: number;
  readonly edges: number;
  /** What contrast makes of it: b = gain * a + bias. */
  readonly gain: number;
  /** Differences that are left of brightness: the median, the 90th and the 98th percentile of small blocks. */
  readonly median: number;
  readonly p90: number;
  readonly p98: number;
  /** The largest: a variant may differ in a moustache only. */
  readonly most: number;
  /** Differences of colour after the middle one: the 90th and 98th percentile, and the largest. */
  readonly colour90: number;
  readonly colour98: number;
  readonly colourMost: number;
  /** How much the brighter one varies: nothing can be told of plain surfaces. */
  readonly texture: number;
  /** Corners that agree. */
  readonly inliers: number;
  /** Along a side, pixels of the picture that has more of them for each of the other's, where both show the same. */
  readonly detail: number;
}

/** All that a verdict is made of. */
export interface Comparison extends Measured {
  /**
   * Whether one is the other made brighter, or richer in contrast, until parts are cut off (tone.ts), or has something plain put on it
   * (cover.ts); only asked where the measures leave it open.
   */
  readonly byRule: boolean;
}

/** Pixels that must lie over one another for anything to be said. */
const MIN_PIXELS = 60;

// One thread measures one pair at a time.
let va = new Float32Array(4_096);
let vb = new Float32Array(4_096);
let left = new Float32Array(4_096);
let weights = new Float32Array(4_096);
let us = new Float32Array(4_096);
let vs = new Float32Array(4_096);
let xs = new Float32Array(4_096);
let ys = new Float32Array(4_096);

function makeRoom(length: number): void {
  if (va.length >= length) return;
  const room = () => new Float32Array(length);
  [va, vb, left, weights] = [room(), room(), room(), room()];
  [us, vs, xs, ys] = [room(), room(), room(), room()];
}

export function measure(a: Prepared, b: Prepared, map: Homography, inliers: number): Measured | undefined {
  const area = Math.sqrt(Math.abs(map[0]! * map[4]! - map[1]! * map[3]!));
  if (!(area > 0.15 && area < 7)) return undefined;
  // Compared at the coarser of the two: what one of them cannot show is no difference.
  const [levelA, levelB] =
    area > 1.5 ? ([1, 0] as const) : area < 1 / 1.5 ? ([0, 1] as const) : ([0, 0] as const);
  const from = a.levels[levelA];
  const to = b.levels[levelB];
  const { width, height } = to;
  const length = width * height;
  makeRoom(length);
  vb.set(to.pixels);
  laySeen(a, levelA, b, levelB, map, va);
  let n = 0;
  for (let i = 0; i < length; i++) if (va[i]! >= 0) n++;
  if (n < MIN_PIXELS) return undefined;

  const { correlation, varianceA, varianceB } = fitted(gather(length, true));
  const edges = edgesOf(width, height);
  let { gain, bias } = robustFit(length);
  for (let round = 0; round < MOST_BLUR; round++) {
    const { aa, bb } = edgesOf(width, height);
    const sharper = (gain * gain * aa + length) / (bb + length);
    if (sharper > SHARPER) blurSeen(va, width, height);
    else if (sharper < 1 / SHARPER) blurSeen(vb, width, height);
    else break;
    ({ gain, bias } = robustFit(length));
  }
  for (let i = 0; i < length; i++) if (va[i]! >= 0) left[i] = difference(va[i]!, vb[i]!, gain, bias);
  const blocks = blockMeans(width, height);
  return {
    overlapA: Math.min(1, (n * area * area * 4 ** (levelB - levelA)) / (from.width * from.height)),
    overlapB: n / length,
    correlation,
    edges: edges.ab / Math.sqrt((edges.aa + length) * (edges.bb + length)),
    gain,
    median: blocks.at(0.5),
    p90: blocks.at(0.9),
    p98: blocks.at(0.98),
    most: blocks.at(0.997),
    ...colourDifference(a, b, map),
    texture: Math.sqrt(Math.max(varianceA, varianceB)),
    inliers,
    detail: (area * pixelsFor(a)) / pixelsFor(b),
  };
}

/** Pixels of a picture for each of its small copy, along a side. */
const pixelsFor = ({ fingerprint: { width, height, copy } }: Prepared): number =>
  Math.sqrt((width * height) / (copy.width * copy.height));

/** How often one of the two is blurred at most, until both are about as sharp: once for each so many times the energy of its edges. */
const MOST_BLUR = 3;
const SHARPER = 1.15;
/** Values from which a pixel may have been darker or brighter than could be shown. */
const CLIPPED = { low: 3, high: 252 } as const;
const isClipped = (value: number): boolean => value <= CLIPPED.low || value >= CLIPPED.high;

/** What is left of a pair of pixels, but for what one of the two could not show. */
function difference(x: number, y: number, gain: number, bias: number): number {
  const left = y - Math.max(0, Math.min(255, gain * x + bias));
  if (left > 0 && x >= CLIPPED.high) return 0;
  if (left < 0 && x <= CLIPPED.low) return 0;
  return left;
}

/** Gathers what both show as it was, or all that is seen, in `xs` and `ys`; gives how many pixels that are. */
function gather(length: number, clipped: boolean): number {
  const [as, bs, toX, toY] = [va, vb, xs, ys];
  let n = 0;
  for (let i = 0; i < length; i++) {
    const x = as[i]!;
    if (x < 0) continue;
    const y = bs[i]!;
    if (!clipped && (isClipped(x) || isClipped(y))) continue;
    toX[n] = x;
    toY[n++] = y;
  }
  return n;
}

/** What was gathered; far from `fit` a pixel counts little. @param fit all count the same where it is left out */
function fitted(count: number, fit?: Fit): Correlated {
  const [fromX, fromY] = [xs, ys];
  const { gain, bias } = fit ?? { gain: 0, bias: 0 };
  const steepness = fit ? 1 / 8 : 0;
  let n = 0;
  let sa = 0;
  let sb = 0;
  let saa = 0;
  let sbb = 0;
  let sab = 0;
  for (let i = 0; i < count; i++) {
    const x = fromX[i]!;
    const y = fromY[i]!;
    const far = (y - (gain * x + bias)) * steepness;
    const closeness = 1 + far * far;
    const w = 1 / (closeness * closeness);
    const wx = w * x;
    const wy = w * y;
    n += w;
    sa += wx;
    sb += wy;
    saa += wx * x;
    sbb += wy * y;
    sab += wx * y;
  }
  return correlationOf(n, sa, sb, saa, sbb, sab);
}

/** Contrast and brightness by what most pixels say that both pictures show as they were. */
function robustFit(length: number): Fit {
  let count = gather(length, false);
  if (count < MIN_PIXELS) count = gather(length, true);
  let fit: Fit = fitted(count);
  for (let round = 0; round < 3; round++) fit = fitted(count, fit);
  return fit;
}

/** Blurs by 1-2-1 in both directions what is seen. */
function blurSeen(plane: Float32Array, width: number, height: number): void {
  blurLines(plane, weights, width, height, width, 1);
  blurLines(weights, plane, height, width, 1, width);
}

function blurLines(
  from: Float32Array,
  to: Float32Array,
  count: number,
  lines: number,
  lineStep: number,
  step: number,
): void {
  for (let line = 0; line < lines; line++) {
    for (let i = 0, at = line * lineStep; i < count; i++, at += step) {
      if (va[at]! < 0) {
        to[at] = -1;
        continue;
      }
      const middle = from[at]!;
      const before = i > 0 && va[at - step]! >= 0 ? from[at - step]! : middle;
      const after = i < count - 1 && va[at + step]! >= 0 ? from[at + step]! : middle;
      to[at] = (before + 2 * middle + after) / 4;
    }
  }
}

/** Absolute means over blocks of 2 x 2: noise goes, what is really different stays. */
function blockMeans(width: number, height: number): Quantiles {
  const means = BLOCKS.clear();
  for (let y = 0; y + 1 < height; y += 2) {
    for (let x = 0, at = y * width; x + 1 < width; x += 2, at += 2) {
      if (va[at]! < 0 || va[at + 1]! < 0 || va[at + width]! < 0 || va[at + width + 1]! < 0) continue;
      means.add(Math.abs(left[at]! + left[at + 1]! + left[at + width]! + left[at + width + 1]!) / 4);
    }
  }
  return means;
}

const [BLOCKS, SHIFTS_U, SHIFTS_V, DISTANCES] = [
  new Quantiles(),
  new Quantiles(),
  new Quantiles(),
  new Quantiles(),
];

/** Sums over the changes from pixel to pixel: of one with the other, and each with itself. */
function edgesOf(width: number, height: number): { ab: number; aa: number; bb: number } {
  const [as, bs] = [va, vb];
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0, at = y * width; x + 1 < width; x++, at++) {
      const a = as[at]!;
      const right = as[at + 1]!;
      const below = as[at + width]!;
      if (a < 0 || right < 0 || below < 0) continue;
      const b = bs[at]!;
      const ax = right - a;
      const ay = below - a;
      const bx = bs[at + 1]! - b;
      const by = bs[at + width]! - b;
      ab += ax * bx + ay * by;
      aa += ax * ax + ay * ay;
      bb += bx * bx + by * by;
    }
  }
  return { ab, aa, bb };
}

function colourDifference(
  a: Prepared,
  b: Prepared,
  map: Homography,
): Pick<Measured, 'colour90' | 'colour98' | 'colourMost'> {
  const place = between(map, 2, 2);
  const [[cbA, crA], [cbB, crB]] = [a.chroma, b.chroma];
  const { width, height } = cbB;
  const length = width * height;
  laySeen(a, 1, b, 1, map, va);
  laidOver(cbA, cbB, place, us);
  laidOver(crA, crB, place, vs);
  const [toU, toV] = [cbB.pixels, crB.pixels];
  const [shiftU, shiftV] = [SHIFTS_U.clear(), SHIFTS_V.clear()];
  for (let i = 0; i < length; i++) {
    if (va[i]! < 0) continue;
    shiftU.add(256 + toU[i]! - us[i]!);
    shiftV.add(256 + toV[i]! - vs[i]!);
  }
  const [mu, mv] = [shiftU.at(0.5) - 256, shiftV.at(0.5) - 256];
  const distances = DISTANCES.clear();
  for (let i = 0; i < length; i++) {
    if (va[i]! < 0) continue;
    const du = toU[i]! - us[i]! - mu;
    const dv = toV[i]! - vs[i]! - mv;
    distances.add(Math.sqrt(du * du + dv * dv));
  }
  return {
    colour90: distances.at(0.9),
    colour98: distances.at(0.98),
    colourMost: distances.at(0.997),
  };
}
