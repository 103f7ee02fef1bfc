/** From what was measured of two pictures to how sure it is that they are the same one. */

import { createHash } from 'node:crypto';
import type { Comparison, Measured } from './measure.ts';
import { MEANS, SPREADS, WEIGHTS } from './verdict-weights.ts';

/** To be counted up when fingerprints, or how they are compared, change what is measured of a pair. */
const MEASURES_VERSION = 6;

/** What a verdict was made by. Verdicts of another version say nothing: they are made anew. */
export const VERDICT_VERSION = versionOf(MEASURES_VERSION, MEANS, SPREADS, WEIGHTS);

/** Eight hex digits that differ when any of the numbers does. */
export function versionOf(...made: readonly (number | readonly number[])[]): string {
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 8);
}

/** A confidence from which two pictures count as the same; docs/duplicates.md has the figures. */
export const SAME_FROM = 0.8;

/** A confidence from which two pictures are probably the same: enough to show them together, too little to delete by. */
export const LIKELY_FROM = 0.35;

/** What the regression learned. */
export interface Learned {
  readonly means: readonly number[];
  readonly spreads: readonly number[];
  readonly weights: readonly number[];
}

const LEARNED: Learned = { means: MEANS, spreads: SPREADS, weights: WEIGHTS };

/**
 * How sure the rules for tone and covers are: too little to delete by, and more than most of what is only likely, since they err less often.
 * So such a copy is shown with its original and not with a variant of that, and where the same picture is at hand, that counts.
 */
const BY_RULE = 0.75;

/** How sure it is of a pair, 0 to 1: by its measures, and by the rules beside them where these say more. */
export const confidenceOf = (comparison: Comparison, cosine: number, learned?: Learned): number =>
  Math.max(confidenceByMeasures(measuresOf(comparison, cosine), learned), comparison.byRule ? BY_RULE : 0);

/** A logistic regression on the measures and some of their products. */
export function confidenceByMeasures(measures: readonly number[], learned: Learned = LEARNED): number {
  const terms = termsOf(measures, learned.means, learned.spreads);
  let sum = learned.weights[terms.length]!;
  for (let i = 0; i < terms.length; i++) sum += terms[i]! * learned.weights[i]!;
  return 1 / (1 + Math.exp(-sum));
}

/** How much less sure than the surest counts as the same: what rounding and a second JPEG make. */
const MARGIN = 0.01;

/** Whether a pair counts for a picture whose surest pair is `best`. */
export const isSurest = (sure: number, best: number): boolean => sure >= best - MARGIN;

/** The measures by name; differences count by their order of magnitude. */
const MEASURES = {
  correlation: (c: Measured) => c.correlation,
  edges: (c: Measured) => c.edges,
  median: (c: Measured) => Math.log1p(c.median),
  p90: (c: Measured) => Math.log1p(c.p90),
  p98: (c: Measured) => Math.log1p(c.p98),
  colour90: (c: Measured) => Math.log1p(c.colour90),
  colour98: (c: Measured) => Math.log1p(c.colour98),
  inliers: (c: Measured) => Math.log1p(c.inliers),
  overlap: (c: Measured) => Math.min(c.overlapA, c.overlapB),
  cosine: (_: Measured, cosine: number) => cosine,
  gain: (c: Measured) => Math.abs(Math.log(Math.min(4, Math.max(0.2, c.gain)))),
  texture: (c: Measured) => Math.log1p(c.texture),
  most: (c: Measured) => Math.log1p(c.most),
  colourMost: (c: Measured) => Math.log1p(c.colourMost),
} as const;

type Measure = keyof typeof MEASURES;

/** What says more together: how large the largest differences are, and what could be seen of them at all. */
const PRODUCTS: readonly (readonly [Measure, Measure])[] = [
  ['most', 'most'],
  ['most', 'colourMost'],
  ['most', 'p98'],
  ['most', 'edges'],
  ['colourMost', 'colourMost'],
  ['colourMost', 'p98'],
  ['colourMost', 'edges'],
  ['p98', 'p98'],
  ['p98', 'edges'],
  ['edges', 'edges'],
  ['most', 'texture'],
  ['most', 'inliers'],
  ['most', 'overlap'],
  ['most', 'gain'],
];

export const measuresOf = (measured: Measured, cosine: number): number[] =>
  Object.values(MEASURES).map((measure) => measure(measured, cosine));

const PLACES = new Map(Object.keys(MEASURES).map((name, i) => [name, i]));

/** The measures in units of their spread, then their products. */
export function termsOf(
  measures: readonly number[],
  means: readonly number[],
  spreads: readonly number[],
): number[] {
  // Far outside what was learned from, a parabola says nonsense.
  const z = measures.map((value, i) => Math.max(-6, Math.min(6, (value - means[i]!) / spreads[i]!)));
  return [...z, ...PRODUCTS.map(([one, other]) => z[PLACES.get(one)!]! * z[PLACES.get(other)!]!)];
}
