/** From what was measured of two pictures to how sure it is that they are the same one. */

import { createHash } from 'node:crypto';
import type { Comparison } from './compare.ts';
import { MEANS, SPREADS, WEIGHTS } from './verdict-weights.ts';

/** To be counted up when fingerprints, or how they are compared, change what is measured of a pair. */
const MEASURES_VERSION = 1;

/** What a verdict was made by. Verdicts of another version say nothing: they are made anew. */
export const VERDICT_VERSION = versionOf(MEASURES_VERSION, MEANS, SPREADS, WEIGHTS);

/** Eight hex digits that differ when any of the numbers does. */
export function versionOf(...made: readonly (number | readonly number[])[]): string {
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 8);
}

/** A confidence from which two pictures count as the same; docs/duplicates.md has the figures. */
export const SAME_FROM = 0.7;

/** What the regression learned. */
export interface Learned {
  readonly means: readonly number[];
  readonly spreads: readonly number[];
  readonly weights: readonly number[];
}

const LEARNED: Learned = { means: MEANS, spreads: SPREADS, weights: WEIGHTS };

/** How sure it is, 0 to 1: a logistic regression on the measures and their products. */
export function confidenceOf(measures: readonly number[], learned: Learned = LEARNED): number {
  const terms = termsOf(measures, learned.means, learned.spreads);
  let sum = learned.weights[terms.length]!;
  for (let i = 0; i < terms.length; i++) sum += terms[i]! * learned.weights[i]!;
  return 1 / (1 + Math.exp(-sum));
}

/** How much less sure than the surest counts as the same: what rounding and a second JPEG make. */
const MARGIN = 0.01;

/** Whether a pair counts for a picture whose surest pair is `best`. */
export const isSurest = (sure: number, best: number): boolean => sure >= best - MARGIN;

/** Differences count by their order of magnitude. */
export function measuresOf(c: Comparison, cosine: number): number[] {
  const size = Math.log1p;
  return [
    c.correlation,
    c.edges,
    size(c.median),
    size(c.p90),
    size(c.p98),
    size(c.plainMedian),
    size(c.colourMedian),
    size(c.colour90),
    size(c.colour98),
    size(c.colourShift),
    size(c.texture),
    size(c.inliers),
    Math.abs(Math.log(Math.min(4, Math.max(0.2, c.gain)))),
    size(Math.abs(c.bias)),
    c.overlapA,
    c.overlapB,
    cosine,
    Math.min(c.overlapA, c.overlapB),
    Number(c.grey),
    Math.abs(Math.log(c.scale)),
  ];
}

/** The measures in units of their spread, then the products of each with itself and those after it. */
export function termsOf(
  measures: readonly number[],
  means: readonly number[],
  spreads: readonly number[],
): number[] {
  // Far outside what was learned from, a parabola says nonsense.
  const z = measures.map((value, i) => Math.max(-6, Math.min(6, (value - means[i]!) / spreads[i]!)));
  const terms = [...z];
  for (let i = 0; i < z.length; i++) for (let j = i; j < z.length; j++) terms.push(z[i]! * z[j]!);
  return terms;
}
