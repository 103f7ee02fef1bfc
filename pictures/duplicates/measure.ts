/** Measures how two pictures differ where one lies over the other. */

import { between, type Homography } from './homography.ts';
import type { Prepared } from './prepared.ts';
import { laidOver } from './refine.ts';

/** How two pictures differ where one lies over the other; differences are in grey values. */
export interface Comparison {
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
}

/** Pixels that must lie over one another for anything to be said. */
const MIN_PIXELS = 60;

// One thread measures one pair at a time.
let va = new Float32Array(4_096);
let left = new Float32Array(4_096);
let weights = new Float32Array(4_096);
let us = new Float32Array(4_096);
let vs = new Float32Array(4_096);

function makeRoom(length: number): void {
  if (va.length >= length) return;
  [va, left, weights, us, vs] = [1, 2, 3, 4, 5].map(() => new Float32Array(length)) as [
    Float32Array<ArrayBuffer>,
    Float32Array<ArrayBuffer>,
    Float32Array<ArrayBuffer>,
    Float32Array<ArrayBuffer>,
    Float32Array<ArrayBuffer>,
  ];
}

export function measure(a: Prepared, b: Prepared, map: Homography, inliers: number): Comparison | undefined {
  const area = Math.sqrt(Math.abs(map[0]! * map[4]! - map[1]! * map[3]!));
  if (!(area > 0.15 && area < 7)) return undefined;
  // Compared at the coarser of the two: what one of them cannot show is no difference.
  const [levelA, levelB] = area > 1.5 ? [1, 0] : area < 1 / 1.5 ? [0, 1] : [0, 0];
  const from = a.levels[levelA]!;
  const to = b.levels[levelB]!;
  const { width, height, pixels: vb } = to;
  const length = width * height;
  makeRoom(length);
  const n = laidOver(from, to, between(map, 2 ** levelB, 2 ** levelA), va);
  if (n < MIN_PIXELS) return undefined;

  const brightness = correlated(vb, length);
  const { gain, bias } = robustFit(vb, length, brightness);
  for (let i = 0; i < length; i++) {
    if (va[i]! >= 0) left[i] = vb[i]! - (gain * va[i]! + bias);
  }
  const blocks = blockMeans(width, height);
  return {
    overlapA: Math.min(1, (n * area * area * 4 ** (levelB - levelA)) / (from.width * from.height)),
    overlapB: n / length,
    correlation: brightness.correlation,
    edges: edgeCorrelation(vb, width, height),
    gain,
    median: blocks.at(0.5),
    p90: blocks.at(0.9),
    p98: blocks.at(0.98),
    most: blocks.at(0.997),
    ...colourDifference(a, b, map),
    texture: Math.sqrt(Math.max(brightness.varianceA, brightness.varianceB)),
    inliers,
  };
}

interface Correlated {
  readonly correlation: number;
  readonly gain: number;
  readonly bias: number;
  readonly varianceA: number;
  readonly varianceB: number;
}

function correlated(vb: Float32Array, length: number, isWeighted = false): Correlated {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < length; i++) {
    const x = va[i]!;
    if (x < 0) continue;
    const w = isWeighted ? weights[i]! : 1;
    const y = vb[i]!;
    n += w;
    sa += w * x;
    sb += w * y;
    saa += w * x * x;
    sbb += w * y * y;
    sab += w * x * y;
  }
  const varianceA = Math.max(0, saa / n - (sa / n) ** 2);
  const varianceB = Math.max(0, sbb / n - (sb / n) ** 2);
  const covariance = sab / n - (sa / n) * (sb / n);
  const gain = varianceA > 1 ? Math.min(4, Math.max(0.2, covariance / varianceA)) : 1;
  // A little is added so that two plain surfaces are not alike by their noise.
  const correlation = covariance / Math.sqrt((varianceA + 4) * (varianceB + 4));
  return { correlation, gain, bias: sb / n - (gain * sa) / n, varianceA, varianceB };
}

/** Contrast and brightness by what most pixels say. */
function robustFit(vb: Float32Array, length: number, first: Correlated): { gain: number; bias: number } {
  let { gain, bias } = first;
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < length; i++) {
      const difference = (vb[i]! - (gain * va[i]! + bias)) / 8;
      const closeness = 1 + difference * difference;
      weights[i] = 1 / (closeness * closeness);
    }
    ({ gain, bias } = correlated(vb, length, true));
  }
  return { gain, bias };
}

/** Absolute means over blocks of 2 x 2: noise goes, what is really different stays. */
function blockMeans(width: number, height: number): Quantiles {
  const means = new Quantiles();
  for (let y = 0; y + 1 < height; y += 2) {
    for (let x = 0, at = y * width; x + 1 < width; x += 2, at += 2) {
      if (va[at]! < 0 || va[at + 1]! < 0 || va[at + width]! < 0 || va[at + width + 1]! < 0) continue;
      means.add(Math.abs(left[at]! + left[at + 1]! + left[at + width]! + left[at + width + 1]!) / 4);
    }
  }
  return means;
}

/** Quantiles of numbers from 0 to 512, to an eighth. */
class Quantiles {
  readonly #counts = new Uint16Array(4_096);
  #n = 0;

  add(value: number): void {
    this.#counts[Math.min(4_095, (value * 8) | 0)]!++;
    this.#n++;
  }

  /** 255 when there are none. */
  at(part: number): number {
    let left = Math.floor(part * this.#n);
    if (this.#n === 0) return 255;
    for (let i = 0; i < this.#counts.length; i++) {
      left -= this.#counts[i]!;
      if (left < 0) return (i + 0.5) / 8;
    }
    return 512;
  }
}

function edgeCorrelation(vb: Float32Array, width: number, height: number): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0, at = y * width; x + 1 < width; x++, at++) {
      if (va[at]! < 0 || va[at + 1]! < 0 || va[at + width]! < 0) continue;
      const ax = va[at + 1]! - va[at]!;
      const ay = va[at + width]! - va[at]!;
      const bx = vb[at + 1]! - vb[at]!;
      const by = vb[at + width]! - vb[at]!;
      ab += ax * bx + ay * by;
      aa += ax * ax + ay * ay;
      bb += bx * bx + by * by;
    }
  }
  const floor = width * height;
  return ab / Math.sqrt((aa + floor) * (bb + floor));
}

function colourDifference(
  a: Prepared,
  b: Prepared,
  map: Homography,
): Pick<Comparison, 'colour90' | 'colour98' | 'colourMost'> {
  const place = between(map, 2, 2);
  laidOver(a.cb, b.cb, place, us);
  laidOver(a.cr, b.cr, place, vs);
  const [shiftU, shiftV] = [new Quantiles(), new Quantiles()];
  const length = b.cb.width * b.cb.height;
  for (let i = 0; i < length; i++) {
    if (us[i]! < 0) continue;
    shiftU.add(256 + b.cb.pixels[i]! - us[i]!);
    shiftV.add(256 + b.cr.pixels[i]! - vs[i]!);
  }
  const [mu, mv] = [shiftU.at(0.5) - 256, shiftV.at(0.5) - 256];
  const distances = new Quantiles();
  for (let i = 0; i < length; i++) {
    if (us[i]! < 0) continue;
    distances.add(Math.hypot(b.cb.pixels[i]! - us[i]! - mu, b.cr.pixels[i]! - vs[i]! - mv));
  }
  return {
    colour90: distances.at(0.9),
    colour98: distances.at(0.98),
    colourMost: distances.at(0.997),
  };
}
