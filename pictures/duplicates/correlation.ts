/** How the values of two pictures go together, from sums over pairs of pixels. */

export interface Correlated {
  readonly n: number;
  readonly correlation: number;
  readonly gain: number;
  readonly bias: number;
  readonly varianceA: number;
  readonly varianceB: number;
}

/** What contrast and brightness make of it: b = gain * a + bias. */
export type Fit = Pick<Correlated, 'gain' | 'bias'>;

/** From sums over pairs of pixels, each by its weight. */
export function correlationOf(
  count: number,
  sa: number,
  sb: number,
  saa: number,
  sbb: number,
  sab: number,
): Correlated {
  const n = Math.max(count, 1e-9);
  const varianceA = Math.max(0, saa / n - (sa / n) ** 2);
  const varianceB = Math.max(0, sbb / n - (sb / n) ** 2);
  const covariance = sab / n - (sa / n) * (sb / n);
  const gain = varianceA > 1 ? Math.min(4, Math.max(0.2, covariance / varianceA)) : 1;
  // A little is added so that two plain surfaces are not alike by their noise.
  const correlation = covariance / Math.sqrt((varianceA + 4) * (varianceB + 4));
  return { n, correlation, gain, bias: sb / n - (gain * sa) / n, varianceA, varianceB };
}
