/** From what was measured of two pictures to how sure it is that they are the same one. */

import type { Comparison } from './compare.ts';
import { MEANS, SPREADS, WEIGHTS } from './verdict-weights.ts';

/** A confidence from which two pictures count as the same; docs/duplicates.md has the figures. */
export const SAME_FROM = 0.7;

/** How sure it is, 0 to 1: a logistic regression on the measures and their products. */
export function confidenceOf(comparison: Comparison, cosine: number): number {
  const terms = termsOf(measuresOf(comparison, cosine), MEANS, SPREADS);
  let sum = WEIGHTS[terms.length]!;
  for (let i = 0; i < terms.length; i++) sum += terms[i]! * WEIGHTS[i]!;
  return 1 / (1 + Math.exp(-sum));
}

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
