/** Lays one picture over another as well as it can, and measures how much they differ. */

import type { Fingerprint } from './fingerprint.ts';
import { boxPlacements, insideBorders, wholeOf } from './frames.ts';
import { type Homography, placeByFeatures } from './match.ts';
import { halved, type Plane, planeOf, sample } from './plane.ts';
import { refined } from './refine.ts';

/** A fingerprint made ready for comparisons. */
export interface Prepared {
  readonly fingerprint: Fingerprint;
  /** Brightness at 64, 32 and 16 pixels. */
  readonly levels: readonly [Plane, Plane, Plane];
  readonly cb: Plane;
  readonly cr: Plane;
  readonly isGrey: boolean;
}

export function prepare(fingerprint: Fingerprint): Prepared {
  const { width, height, luma, chromaWidth, chromaHeight, cb, cr } = fingerprint.copy;
  const full = planeOf(width, height, luma);
  const half = halved(full);
  let colour = 0;
  for (let i = 0; i < cb.length; i++) colour += Math.abs(cb[i]! - 128) + Math.abs(cr[i]! - 128);
  return {
    fingerprint,
    levels: [full, half, halved(half)],
    cb: planeOf(chromaWidth, chromaHeight, cb),
    cr: planeOf(chromaWidth, chromaHeight, cr),
    isGrey: colour / cb.length < 4,
  };
}

/** How two pictures differ where one lies over the other; differences are in grey values. */
export interface Comparison {
  /** The part of the larger frame's pixels, and of the smaller one's, that the other covers. */
  readonly overlapA: number;
  readonly overlapB: number;
  /** Correlation of brightness, and of its changes from pixel to pixel. */
  readonly correlation: number;
  readonly edges: number;
  /** What contrast and brightness make of it: b = gain * a + bias. */
  readonly gain: number;
  readonly bias: number;
  /** Differences that are left of brightness: the median, the 90th and the 98th percentile of small blocks. */
  readonly median: number;
  readonly p90: number;
  readonly p98: number;
  /** The same without any gain and bias. */
  readonly plainMedian: number;
  /** Differences of colour after the mean one: the median and the 90th and 98th percentile; and that mean. */
  readonly colourMedian: number;
  readonly colour90: number;
  readonly colour98: number;
  readonly colourShift: number;
  /** How much the brighter one varies: nothing can be told of plain surfaces. */
  readonly texture: number;
  /** Corners that agree. */
  readonly inliers: number;
  /** How much larger a's pixels are than b's. */
  readonly scale: number;
  /** One of them has no colours. */
  readonly grey: boolean;
}

/** Placements that are looked at closely. */
const FINALISTS = 2;
/** A correlation at 16 pixels below which a placement is not looked at closely. */
const PROMISING = 0.35;
/** Enough to need no corners. */
const EVIDENT = 0.985;

interface Candidate {
  readonly map: Homography;
  readonly inliers: number;
  readonly correlation: number;
}

/** `undefined` when nothing says how one would lie over the other. */
export function compare(a: Prepared, b: Prepared): Comparison | undefined {
  const candidates = wholePlacements(a, b);
  const evident = candidates.some(({ correlation }) => correlation > EVIDENT);
  if (!evident) {
    const scales = { scaleA: scaleOf(a), scaleB: scaleOf(b) };
    for (const mirrored of [false, true]) {
      const placed = placeByFeatures(a.fingerprint.features, b.fingerprint.features, mirrored, scales);
      if (!placed) continue;
      candidates.push({ ...placed, correlation: coarse(a, b, placed.map) });
    }
  }
  let best: Comparison | undefined;
  let bestWorth = Number.NEGATIVE_INFINITY;
  const worthLooking = candidates
    .filter(({ correlation, inliers }) => correlation > PROMISING || inliers > 7)
    .sort((one, other) => other.correlation + other.inliers / 40 - one.correlation - one.inliers / 40)
    .slice(0, FINALISTS);
  for (const { map, inliers } of worthLooking) {
    const halfway = refined(a.levels[1], b.levels[1], scaled(map, 0.5), 4);
    const found = measure(a, b, scaled(refined(a.levels[0], b.levels[0], scaled(halfway, 2), 2), 1), inliers);
    if (!found) continue;
    const worth = found.correlation + found.edges + Math.min(found.overlapB, found.overlapA);
    if (worth > bestWorth) {
      bestWorth = worth;
      best = found;
    }
  }
  return best;
}

/** Pixels of the small copy for each of the copy in which corners were found. */
const scaleOf = ({ levels: [{ width, height }] }: Prepared): number => Math.max(width, height) / 256;

function wholePlacements(a: Prepared, b: Prepared): Candidate[] {
  const boxesOf = ({ levels: [full] }: Prepared) => {
    const inside = insideBorders(full);
    return inside ? [wholeOf(full), inside] : [wholeOf(full)];
  };
  const maps = boxesOf(a).flatMap((box) => boxesOf(b).flatMap((other) => boxPlacements(box, other)));
  return maps.map((map) => ({ map, inliers: 0, correlation: coarse(a, b, map) }));
}

/** The same map between planes of another size. */
function scaled(map: Homography, factor: number): Homography {
  const [h0, h1, h2, h3, h4, h5, h6, h7] = map as unknown as number[];
  return Float64Array.of(h0!, h1!, h2! * factor, h3!, h4!, h5! * factor, h6! / factor, h7! / factor, 1);
}

/** Correlation of brightness at 16 pixels. */
function coarse(a: Prepared, b: Prepared, map: Homography): number {
  const [, , from] = a.levels;
  const [, , to] = b.levels;
  const [h0, h1, h2, h3, h4, h5, h6, h7] = scaled(map, 0.25) as unknown as number[];
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const px = x + 0.5;
      const py = y + 0.5;
      const w = 1 / (h6! * px + h7! * py + 1);
      const ax = (h0! * px + h1! * py + h2!) * w;
      const ay = (h3! * px + h4! * py + h5!) * w;
      if (ax < 0 || ay < 0 || ax > from.width || ay > from.height) continue;
      const va = sample(from, ax, ay);
      const vb = to.pixels[y * to.width + x]!;
      n++;
      sa += va;
      sb += vb;
      saa += va * va;
      sbb += vb * vb;
      sab += va * vb;
    }
  }
  if (n < 8) return 0;
  const spread = Math.sqrt((saa - (sa * sa) / n) * (sbb - (sb * sb) / n));
  return spread < n ? 0 : (sab - (sa * sb) / n) / spread;
}

/** Pixels that must lie over one another for anything to be said. */
const MIN_PIXELS = 60;

function measure(a: Prepared, b: Prepared, map: Homography, inliers: number): Comparison | undefined {
  const area = Math.sqrt(Math.abs(map[0]! * map[4]! - map[1]! * map[3]!));
  if (!(area > 0.15 && area < 7)) return undefined;
  // Compared at the coarser of the two: what one of them cannot show is no difference.
  const [levelA, levelB] = area > 1.5 ? [1, 0] : area < 1 / 1.5 ? [0, 1] : [0, 0];
  const from = a.levels[levelA]!;
  const to = b.levels[levelB]!;
  // From pixels of `to` to pixels of b's copy, by the map, to pixels of `from`.
  const place = placing(map, 2 ** levelB, 2 ** levelA);
  const { width, height } = to;
  const va = new Float32Array(width * height).fill(Number.NaN);
  let n = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      place(x + 0.5, y + 0.5);
      if (place.x < 0 || place.y < 0 || place.x > from.width || place.y > from.height) continue;
      va[y * width + x] = sample(from, place.x, place.y);
      n++;
    }
  }
  if (n < MIN_PIXELS) return undefined;

  const vb = to.pixels;
  const brightness = correlated(va, vb);
  const { gain, bias } = robustFit(va, vb, brightness);
  const left = new Float32Array(width * height).fill(Number.NaN);
  const plain: number[] = [];
  for (let i = 0; i < va.length; i++) {
    if (Number.isNaN(va[i]!)) continue;
    left[i] = vb[i]! - (gain * va[i]! + bias);
    plain.push(Math.abs(vb[i]! - va[i]!));
  }
  const blocks = blockMeans(left, width, height);
  plain.sort((one, other) => one - other);
  const colours = colourDifference(a, b, map);
  return {
    overlapA: Math.min(1, (n * area * area * 4 ** (levelB - levelA)) / (from.width * from.height)),
    overlapB: n / (width * height),
    correlation: brightness.correlation,
    edges: edgeCorrelation(va, vb, width, height),
    gain,
    bias,
    median: quantile(blocks, 0.5),
    p90: quantile(blocks, 0.9),
    p98: quantile(blocks, 0.98),
    plainMedian: quantile(plain, 0.5),
    ...colours,
    texture: Math.sqrt(Math.max(brightness.varianceA, brightness.varianceB)),
    inliers,
    scale: area,
    grey: a.isGrey !== b.isGrey,
  };
}

interface Placing {
  (x: number, y: number): void;
  x: number;
  y: number;
}

/** Maps places of a plane that is `shrunkB` times smaller than b's copy to one `shrunkA` times smaller than a's. */
function placing(map: Homography, shrunkB: number, shrunkA: number): Placing {
  const [h0, h1, h2, h3, h4, h5, h6, h7] = map as unknown as number[];
  const place = ((x: number, y: number) => {
    const px = x * shrunkB;
    const py = y * shrunkB;
    const w = 1 / (h6! * px + h7! * py + 1);
    place.x = ((h0! * px + h1! * py + h2!) * w) / shrunkA;
    place.y = ((h3! * px + h4! * py + h5!) * w) / shrunkA;
  }) as Placing;
  place.x = 0;
  place.y = 0;
  return place;
}

interface Correlated {
  readonly correlation: number;
  readonly gain: number;
  readonly bias: number;
  readonly varianceA: number;
  readonly varianceB: number;
}

function correlated(va: Float32Array, vb: Float32Array, weights?: Float32Array): Correlated {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < va.length; i++) {
    const x = va[i]!;
    if (Number.isNaN(x)) continue;
    const w = weights ? weights[i]! : 1;
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
function robustFit(va: Float32Array, vb: Float32Array, first: Correlated): { gain: number; bias: number } {
  let fit: Pick<Correlated, 'gain' | 'bias'> = first;
  const weights = new Float32Array(va.length);
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < va.length; i++) {
      const difference = vb[i]! - (fit.gain * va[i]! + fit.bias);
      weights[i] = 1 / (1 + (difference / 8) ** 2) ** 2;
    }
    fit = correlated(va, vb, weights);
  }
  return fit;
}

/** Absolute means over blocks of 2 x 2, sorted: noise goes, what is really different stays. */
function blockMeans(values: Float32Array, width: number, height: number): number[] {
  const means: number[] = [];
  for (let y = 0; y + 1 < height; y += 2) {
    for (let x = 0; x + 1 < width; x += 2) {
      const at = y * width + x;
      const sum = values[at]! + values[at + 1]! + values[at + width]! + values[at + width + 1]!;
      if (!Number.isNaN(sum)) means.push(Math.abs(sum) / 4);
    }
  }
  return means.sort((one, other) => one - other);
}

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 255;

function edgeCorrelation(va: Float32Array, vb: Float32Array, width: number, height: number): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = y * width + x;
      const ax = va[at + 1]! - va[at]!;
      const ay = va[at + width]! - va[at]!;
      if (Number.isNaN(ax) || Number.isNaN(ay)) continue;
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
): Pick<Comparison, 'colourMedian' | 'colour90' | 'colour98' | 'colourShift'> {
  const place = placing(map, 2, 2);
  const { width, height } = b.cb;
  const [us, vs]: [number[], number[]] = [[], []];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      place(x + 0.5, y + 0.5);
      if (place.x < 0 || place.y < 0 || place.x > a.cb.width || place.y > a.cb.height) continue;
      us.push(b.cb.pixels[y * width + x]! - sample(a.cb, place.x, place.y));
      vs.push(b.cr.pixels[y * width + x]! - sample(a.cr, place.x, place.y));
    }
  }
  const middle = (values: readonly number[]) =>
    quantile(
      [...values].sort((one, other) => one - other),
      0.5,
    );
  const [mu, mv] = [middle(us), middle(vs)];
  const distances = us.map((u, i) => Math.hypot(u - mu, vs[i]! - mv)).sort((one, other) => one - other);
  return {
    colourMedian: quantile(distances, 0.5),
    colour90: quantile(distances, 0.9),
    colour98: quantile(distances, 0.98),
    colourShift: Math.hypot(mu, mv),
  };
}
