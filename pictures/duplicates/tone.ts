/**
 * A rule beside the verdict: whether one picture is the other made brighter, or richer in contrast, until parts of it are cut off at
 * white or black. One gain and bias for red, green and blue must explain all that can be seen, and what is cut off must be so.
 */

import type { Fit } from './correlation.ts';
import { between, type Homography } from './homography.ts';
import { laySeen } from './laid.ts';
import type { Prepared } from './prepared.ts';
import { laidOver } from './refine.ts';

/** Gains and biases that the search sets out from: brighter from black on, and away from the middle grey. */
const STARTS: readonly Fit[] = [
  { gain: 1.1, bias: 0 },
  { gain: 1.25, bias: 0 },
  { gain: 1.45, bias: 0 },
  { gain: 1.15, bias: -19 },
  { gain: 1.35, bias: -45 },
  { gain: 1.6, bias: -77 },
];
/** Steps from each start, by a part of the values, and from the best of them, by all. */
const ROUNDS = { ofStart: 2, ofBest: 3 } as const;
const PART = 4;
/** A gain below which a start ends at the way back, from the brighter one. */
const ONWARDS = 1.02;
/** Where the best start agrees with less than this part of the values there is nothing to look for. */
const HOPELESS = 0.6;
/** Differences above this weigh less and less, in grey values. */
const ROBUST = 6;
/** Values outside of these were, or may have been, cut off: of those that the gain makes, and of those that are there. */
const MADE = { low: 5, high: 250 } as const;
const THERE = { low: 3, high: 252 } as const;
/** Values fewer than this, or with a lower variance, tell no gain. */
const FITTED = { least: 30, variance: 4 } as const;

/** Gains of a brighter copy. With less the verdict needs no help; with more little is left to compare. */
const GAINS = { low: 1.05, high: 1.8 } as const;
/** Values that the gain takes beyond these are cut off ... */
const CUT = { low: 2, high: 253 } as const;
/** ... for certain where they were not near the end before, and are now. */
const NEAR_END = { low: 8, high: 247 } as const;
/** The part of all values that must be cut off for certain: shades of skin agree with a gain, but nothing of them is cut off. */
const LEAST_CUT = 0.005;
/** The part of the pixels that must tell anything, and their spread of brightness: of a plain surface nothing can be told. */
const TELLING = { least: 0.1, texture: 12 } as const;
/** A pixel that is cut off in all channels, and off by less than this, tells nothing. In grey values. */
const AGREES = 6;
/** What may be left: the part of the telling pixels that may be off by so many grey values and more. A variant differs in a small part. */
const LEFT = [
  { off: 8, part: 0.1 },
  { off: 16, part: 0.02 },
  { off: 32, part: 0.003 },
] as const;

// One thread compares one pair at a time. The colours of a small copy at 32 pixels: red, then green, then blue.
let rgbA = new Float32Array(3_072);
let rgbB = new Float32Array(3_072);
let xs = new Float32Array(3_072);
let ys = new Float32Array(3_072);
let seen = new Float32Array(1_024);
let cb = new Float32Array(1_024);
let cr = new Float32Array(1_024);

function makeRoom(length: number): void {
  if (seen.length >= length) return;
  const room = (planes: number) => new Float32Array(planes * length);
  [rgbA, rgbB, xs, ys] = [room(3), room(3), room(3), room(3)];
  [seen, cb, cr] = [room(1), room(1), room(1)];
}

/**
 * Whether one of two pictures is the other made brighter or richer in contrast, whichever of the two.
 *
 * @param map b's places to a's, in pixels of the small copies
 */
export function isToned(a: Prepared, b: Prepared, map: Homography): boolean {
  const { width, height, pixels } = b.levels[1];
  const length = width * height;
  makeRoom(length);
  laySeen(a, 1, b, 1, map, seen);
  for (const [i, into] of [cb, cr].entries()) laidOver(a.chroma[i]!, b.levels[1], between(map, 2, 2), into);
  toRgb(seen, cb, cr, length, rgbA);
  toRgb(pixels, b.chroma[0].pixels, b.chroma[1].pixels, length, rgbB);
  const count = gather(length);
  if (Math.abs(endsIn(xs, count) - endsIn(ys, count)) < (LEAST_CUT / 2) * count) return false;
  const [brighterB, brighterA] = [search(xs, ys, count), search(ys, xs, count)];
  const best = brighterB.agreed >= brighterA.agreed ? brighterB : brighterA;
  if (best.agreed * PART < HOPELESS * count) return false;
  return best === brighterB
    ? explains(rgbA, rgbB, closer(xs, ys, count, best), count, width, height)
    : explains(rgbB, rgbA, closer(ys, xs, count, best), count, width, height);
}

function toRgb(
  luma: Float32Array,
  cb: Float32Array,
  cr: Float32Array,
  length: number,
  into: Float32Array,
): void {
  for (let i = 0; i < length; i++) {
    const y = luma[i]!;
    const u = cb[i]! - 128;
    const v = cr[i]! - 128;
    into[i] = y + 1.402 * v;
    into[length + i] = y - 0.344136 * u - 0.714136 * v;
    into[2 * length + i] = y + 1.772 * u;
  }
}

/** Gathers the values of both where both are seen, in `xs` and `ys`; gives how many that are. */
function gather(length: number): number {
  let n = 0;
  for (let from = 0; from < 3 * length; from += length) {
    for (let i = 0; i < length; i++) {
      if (seen[i]! < 0) continue;
      xs[n] = rgbA[from + i]!;
      ys[n++] = rgbB[from + i]!;
    }
  }
  return n;
}

/** How many values are near an end. Of a copy with parts cut off there are more: most pairs need no search. */
function endsIn(values: Float32Array, count: number): number {
  let ends = 0;
  for (let i = 0; i < count; i++) if (values[i]! < NEAR_END.low || values[i]! > NEAR_END.high) ends++;
  return ends;
}

interface Step extends Fit {
  /** How well it agreed before its last step: a pixel that it explains counts 1. */
  readonly agreed: number;
}

/** The best of a few steps from each start; one that agrees with nothing when all lead to lower contrast. */
function search(x: Float32Array, y: Float32Array, count: number): Step {
  let best: Step = { gain: 1, bias: 0, agreed: 0 };
  for (const start of STARTS) {
    let fit: Step = { ...start, agreed: 0 };
    for (let round = 0; round < ROUNDS.ofStart; round++) fit = step(x, y, count, PART, fit);
    if (fit.gain >= ONWARDS && fit.agreed > best.agreed) best = fit;
  }
  return best;
}

function closer(x: Float32Array, y: Float32Array, count: number, fit: Fit): Fit {
  let best = fit;
  for (let round = 0; round < ROUNDS.ofBest; round++) best = step(x, y, count, 1, best);
  return best;
}

/** A better gain and bias by the values that are not cut off; far from what these make of it a value counts little. */
function step(x: Float32Array, y: Float32Array, count: number, every: number, { gain, bias }: Fit): Step {
  let agreed = 0;
  let n = 0;
  let sx = 0;
  let sy = 0;
  let sxx = 0;
  let sxy = 0;
  for (let i = 0; i < count; i += every) {
    const vx = x[i]!;
    const vy = y[i]!;
    const made = gain * vx + bias;
    const far = (vy - (made < 0 ? 0 : made > 255 ? 255 : made)) * (1 / ROBUST);
    const closeness = 1 + far * far;
    const weight = 1 / (closeness * closeness);
    agreed += weight;
    if (made > MADE.high || made < MADE.low || vy > THERE.high || vy < THERE.low) continue;
    n += weight;
    sx += weight * vx;
    sy += weight * vy;
    sxx += weight * vx * vx;
    sxy += weight * vx * vy;
  }
  const variance = sxx - (sx * sx) / n;
  if (!(n * every > FITTED.least && variance > n * FITTED.variance)) return { gain, bias, agreed };
  const better = (sxy - (sx * sy) / n) / variance;
  return { gain: better, bias: (sy - better * sx) / n, agreed };
}

/** Whether a gain makes `to` of `from`, both red, then green, then blue. @param count values that are seen */
function explains(
  from: Float32Array,
  to: Float32Array,
  fit: Fit,
  count: number,
  width: number,
  height: number,
): boolean {
  const { gain, bias } = fit;
  if (!(gain >= GAINS.low && gain <= GAINS.high)) return false;
  const length = width * height;
  const counts = LEFT.map(() => 0);
  let telling = 0;
  let cut = 0;
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < length; at++) {
    if (seen[at]! < 0) continue;
    let worst = 0;
    let channelsCut = 0;
    for (let channel = 0; channel < 3; channel++) {
      const place = channel * length + at;
      const value = from[place]!;
      const there = to[place]!;
      const made = gain * value + bias;
      worst = Math.max(worst, leftAt(from, there, fit, channel * length, at, width, height));
      if (made >= CUT.low && made <= CUT.high) continue;
      channelsCut++;
      const wasWithin = value > NEAR_END.low && value < NEAR_END.high;
      if (wasWithin && (there < NEAR_END.low || there > NEAR_END.high)) cut++;
    }
    if (channelsCut === 3 && worst < AGREES) continue;
    telling++;
    // Few pixels that are far off are enough to say no.
    for (let i = 0; i < LEFT.length; i++)
      if (worst >= LEFT[i]!.off && ++counts[i]! * 3 > LEFT[i]!.part * count) return false;
    const brightness = (from[at]! + from[length + at]! + from[2 * length + at]!) / 3;
    sum += brightness;
    squares += brightness * brightness;
  }
  const texture = Math.sqrt(Math.max(0, squares / telling - (sum / telling) ** 2));
  return (
    cut >= LEAST_CUT * count &&
    telling >= TELLING.least * length &&
    texture >= TELLING.texture &&
    LEFT.every(({ part }, i) => counts[i]! <= part * telling)
  );
}

/**
 * What a gain leaves of a value. A pixel of the small copy is the mean of many, of which only some may have been cut off: then it lies
 * between what the gain makes of the mean, and the mean of what it makes of the lowest and the highest around.
 */
function leftAt(
  from: Float32Array,
  there: number,
  { gain, bias }: Fit,
  plane: number,
  at: number,
  width: number,
  height: number,
): number {
  const made = (value: number) => Math.max(0, Math.min(255, gain * value + bias));
  const value = from[plane + at]!;
  const whole = made(value);
  // Where it agrees so well, no more need be known.
  if (Math.abs(there - whole) < AGREES) return Math.abs(there - whole);
  const [x, y] = [at % width, Math.floor(at / width)];
  let low = value;
  let high = value;
  for (let j = y > 0 ? y - 1 : 0; j <= y + 1 && j < height; j++) {
    for (let i = x > 0 ? x - 1 : 0; i <= x + 1 && i < width; i++) {
      const beside = j * width + i;
      if (seen[beside]! < 0) continue;
      const near = from[plane + beside]!;
      if (near < low) low = near;
      if (near > high) high = near;
    }
  }
  const [madeLow, madeHigh] = [made(low), made(high)];
  const mixed = high > low ? madeLow + ((value - low) / (high - low)) * (madeHigh - madeLow) : whole;
  return Math.max(0, Math.min(whole, mixed) - there, there - Math.max(whole, mixed));
}
