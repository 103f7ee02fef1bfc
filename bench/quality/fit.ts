/** Learns what the verdict makes of its measures: a logistic regression with a penalty, by Newton's method. */

import { type Learned, termsOf } from '../../pictures/duplicates/verdict.ts';

export interface Labelled {
  readonly measures: readonly number[];
  readonly isSame: boolean;
}

const PENALTY = 10;
const ROUNDS = 12;

export function learn(pairs: readonly Labelled[]): Learned {
  const width = pairs[0]!.measures.length;
  const means = Array.from({ length: width }, (_, i) => mean(pairs.map(({ measures }) => measures[i]!)));
  const spreads = means.map(
    (middle, i) => Math.sqrt(mean(pairs.map(({ measures }) => (measures[i]! - middle) ** 2))) + 1e-6,
  );
  const rows = pairs.map(({ measures }) => Float64Array.of(...termsOf(measures, means, spreads), 1));
  const n = rows[0]!.length;
  const weights = new Float64Array(n);
  for (let round = 0; round < ROUNDS; round++) {
    const gradient = Float64Array.from(weights, (w, i) => (i < n - 1 ? PENALTY * w : 0));
    const hessian = new Float64Array(n * n);
    for (let i = 0; i < n; i++) hessian[i * n + i] = i < n - 1 ? PENALTY : 1e-6;
    for (const [at, row] of rows.entries()) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += row[i]! * weights[i]!;
      const p = 1 / (1 + Math.exp(-sum));
      const error = p - Number(pairs[at]!.isSame);
      const curve = p * (1 - p);
      for (let i = 0; i < n; i++) {
        gradient[i]! += error * row[i]!;
        const factor = curve * row[i]!;
        for (let j = 0; j <= i; j++) hessian[i * n + j]! += factor * row[j]!;
      }
    }
    const step = solve(hessian, gradient, n);
    for (let i = 0; i < n; i++) weights[i]! -= step[i]!;
  }
  return { means, spreads, weights: [...weights] };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Cholesky, of the lower half. */
function solve(matrix: Float64Array, right: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!;
      matrix[i * n + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * n + j]!;
    }
  }
  const x = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= matrix[i * n + k]! * x[k]!;
    x[i]! /= matrix[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= matrix[k * n + i]! * x[k]!;
    x[i]! /= matrix[i * n + i]!;
  }
  return x;
}
