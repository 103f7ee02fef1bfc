/** A query made ready for the pass over codes: its integers, and what turns a product of integers into an interval. */

import type { Centre } from './codes.ts';
import { QueryInvalid } from './errors.ts';
import { headOf, rotationBlock } from './layout.ts';

/** What a query brings to the interval of a row's score; docs/scan.md derives it. All are float64, in this order. */
export interface Weights {
  /** The query's product with the centre. */
  readonly along: number;
  /** What a product of codes and integers is to be multiplied by, beside the row's scale. */
  readonly step: number;
  readonly residual: number;
  readonly norm: number;
  readonly size: number;
  /** For the codes that are not in the product. */
  readonly rest: number;
  readonly least: number;
}

export interface CodedQuery {
  /** The query as float32, for the rows that are looked at again. */
  readonly floats: Float32Array;
  /** 16-bit integers of the rotated query. */
  readonly fine: Int16Array;
  readonly fineWeights: Weights;
  /** 7-bit integers of it, from 1 to 127: 64 more than what they stand for. */
  readonly coarse: Uint8Array;
  readonly wholeWeights: Weights;
  /** As `wholeWeights`, when only the head of the row is in the product. */
  readonly headWeights: Weights;
}

/** Room for what double precision loses; its own error is 1e-15 or so. */
const DOUBLE_ERROR = 1e-11;
/** Room for a row's share of the centre being rounded to float32, on both sides; relative to the norms. */
const SHARE_ERROR = 2 ** -22;
/** Products below the smallest float32 are lost: 2^-150 for each number, and far more for good measure. */
const SMALLEST = 1e-40;
/** Above this norm float32 products may overflow. */
const LARGEST_NORM = 1e18;
const COARSE_LIMIT = 63;
/** Coarse integers are never negative. */
const COARSE_OFFSET = 64;
const FINE_LIMIT = 32_767;

/**
 * How far a float32 sum of products, added in four lanes, can be from the true one, relative to the norms: each passes
 * through its own rounding, those of its lane, and those of the last sums.
 */
function floatError(dimensions: number): number {
  const roundings = (dimensions / 4 + 4) * 2 ** -24;
  return roundings / (1 - roundings);
}

/** @throws QueryInvalid when the query is not `dimensions` finite numbers, or too large for float32 products */
export function assertQuery(floats: Float32Array, dimensions: number): number {
  if (floats.length !== dimensions)
    throw new QueryInvalid(`a query has ${dimensions} numbers, not ${floats.length}`);
  let squares = 0;
  for (let i = 0; i < dimensions; i++) squares += floats[i]! * floats[i]!;
  if (!Number.isFinite(squares)) throw new QueryInvalid('a query must be finite numbers');
  const norm = Math.sqrt(squares);
  if (norm > LARGEST_NORM) throw new QueryInvalid(`a query of the norm ${norm} is too large`);
  return norm;
}

/** @throws QueryInvalid when the query is not finite numbers, as many as the centre's */
export function prepareQuery(floats: Float32Array, { vector, squares, dimensions }: Centre): CodedQuery {
  const norm = assertQuery(floats, dimensions);
  let along = 0;
  for (let i = 0; i < dimensions; i++) along += floats[i]! * vector[i]!;
  const share = squares > 0 ? along / squares : 0;
  const rotated = new Float64Array(dimensions);
  for (let i = 0; i < dimensions; i++) rotated[i] = floats[i]! - share * vector[i]!;
  hadamard(rotated, rotationBlock(dimensions));

  let largest = 0;
  let absolute = 0;
  for (let i = 0; i < dimensions; i++) {
    const size = Math.abs(rotated[i]!);
    if (size > largest) largest = size;
    absolute += size;
  }
  // The sum of products with codes up to 127 must stay within int32.
  const fineStep = Math.max(largest / FINE_LIMIT, absolute / (Math.floor((2 ** 31 - 1) / 127) - dimensions));
  const coarseStep = largest / COARSE_LIMIT;
  const fine = rounded(rotated, fineStep, new Int16Array(dimensions), 0);
  const coarse = rounded(rotated, coarseStep, new Uint8Array(dimensions), COARSE_OFFSET);

  const head = headOf(dimensions);
  const whole = normOf(rotated, 0);
  // What the shares of the centre in row and query lose when they are rounded below the range of float32.
  const least = SMALLEST + Math.abs(share) * squares * 2 ** -148;
  const weights = (step: number, norms: { errors: number; rest: number }): Weights => ({
    along: squares > 0 ? along : 0,
    step,
    // Never 0, so that a row with an infinite bound has an infinite interval even for a query of zeros.
    residual: whole * (1 + DOUBLE_ERROR) + 1e-30,
    norm: norms.errors * (1 + DOUBLE_ERROR) + whole * DOUBLE_ERROR,
    size: norm * (floatError(dimensions) + SHARE_ERROR) + 1e-30,
    rest: norms.rest * (1 + DOUBLE_ERROR),
    least,
  });
  const wholeError = errorOf(rotated, coarseStep, coarse, COARSE_OFFSET, dimensions);
  const headError = errorOf(rotated, coarseStep, coarse, COARSE_OFFSET, head);
  return {
    floats,
    fine,
    coarse,
    fineWeights: weights(fineStep, { errors: errorOf(rotated, fineStep, fine, 0, dimensions), rest: 0 }),
    wholeWeights: weights(coarseStep, { errors: wholeError, rest: 0 }),
    headWeights: weights(coarseStep, { errors: headError, rest: normOf(rotated, head) }),
  };
}

/** Each number as a whole multiple of `step`, and `offset` more. */
function rounded<T extends Int16Array | Uint8Array>(
  numbers: Float64Array,
  step: number,
  to: T,
  offset: number,
): T {
  const factor = step > 0 ? 1 / step : 0;
  for (let i = 0; i < numbers.length; i++) to[i] = Math.round(numbers[i]! * factor) + offset;
  return to;
}

/** The norm of what the first `end` integers do not say. */
function errorOf(
  numbers: Float64Array,
  step: number,
  integers: Int16Array | Uint8Array,
  offset: number,
  end: number,
): number {
  let squares = 0;
  for (let i = 0; i < end; i++) squares += (numbers[i]! - step * (integers[i]! - offset)) ** 2;
  return Math.sqrt(squares);
}

/** The middle of a row's interval, by the product of all its codes with the query's 16-bit integers. */
export const middleOf = ({ along, step }: Weights, bounds: Float32Array, product: number): number =>
  along * bounds[1]! + bounds[0]! * (step * product);

/** How far from the middle the row's score can be: its true inner product as well as the kernel's float32. */
export const reachOf = ({ residual, norm, size, least }: Weights, bounds: Float32Array): number =>
  residual * bounds[2]! + norm * bounds[3]! + size * bounds[7]! + least;

function normOf(numbers: Float64Array, from = 0): number {
  let squares = 0;
  for (let i = from; i < numbers.length; i++) squares += numbers[i]! * numbers[i]!;
  return Math.sqrt(squares);
}

/** The Hadamard transform of each `block` numbers, in place and without a factor. */
function hadamard(numbers: Float64Array, block: number): void {
  for (let half = 1; half < block; half *= 2)
    for (let start = 0; start < numbers.length; start += 2 * half)
      for (let i = start; i < start + half; i++) {
        const a = numbers[i]!;
        const b = numbers[i + half]!;
        numbers[i] = a + b;
        numbers[i + half] = a - b;
      }
}
