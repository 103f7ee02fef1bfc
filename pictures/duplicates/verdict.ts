/** From what was measured of two pictures to how sure it is that they are the same one. */

import type { Comparison } from './compare.ts';

/** A confidence from which two pictures count as the same. */
export const SAME_FROM = 0.5;

export function confidenceOf(c: Comparison, cosine: number): number {
  const z =
    8 * (c.correlation - 0.9) +
    6 * (c.edges - 0.6) -
    0.15 * c.p90 -
    0.1 * c.colour90 +
    4 * (cosine - 0.8) +
    1.5;
  return 1 / (1 + Math.exp(-z));
}
