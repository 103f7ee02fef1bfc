/** A query made ready for the pass over codes: its integers, and what turns a product of integers into an interval. */

import type { Frame } from './codes.ts';
import { QueryInvalid } from './errors.ts';
import { ANGLE_ERROR, DIRECTIONS, headOf, rotationBlock, SHARE_STEPS, type Stage } from './layout.ts';

/** What a query brings to the interval of a row's score; docs/scan.md derives it. Numbers are float64, in this order. */
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
  /** What a product of the shares of the directions is to be multiplied by, beside the row's norm. */
  readonly apart: number;
  /** The query's shares: integers up to `SHARE_LIMIT` for coarse stages. */
  readonly shares: Float64Array | Int16Array;
}

export interface CodedQuery {
  /** The query as float32, for the rows that are looked at again. */
  readonly floats: Float32Array;
  /** 16-bit integers of the rotated query. */
  readonly fine: Int16Array;
  /** 6-bit integers of it, from 1 to 63: 32 more than what they stand for. */
  readonly coarse: Uint8Array;
  readonly weights: Readonly<Record<Stage, Weights>>;
}

/** Room for what double precision loses; its own error is 1e-15 or so. */
const DOUBLE_ERROR = 1e-11;
/** Room for a row's share of the centre being rounded to float32, on both sides; relative to the norms. */
const SHARE_ERROR = 2 ** -22;
/** Products below the smallest float32 are lost: 2^-150 for each number, and far more for good measure. */
const SMALLEST = 1e-40;
/** Above this norm float32 products may overflow. */
const LARGEST_NORM = 1e18;
/** Four products of coarse integers and codes must stay within int16. */
const COARSE_LIMIT = 31;
/** Coarse integers are never negative. */
const COARSE_OFFSET = 32;
const FINE_LIMIT = 32_767;
/** Numbers so large have no fractions: adding this and taking it away rounds, many times faster than `Math.round`. */
const NO_FRACTIONS = 1.5 * 2 ** 52;
/** The sum of `DIRECTIONS` products with 16-bit shares must stay within int32. */
const SHARE_LIMIT = 8_191;
/**
 * How far a row's rest can be from a right angle to a direction, relative to the row's norm: half a step of its share,
 * and the directions' own angles.
 */
const APART_ERROR = 0.5 / SHARE_STEPS + (DIRECTIONS + 2) * ANGLE_ERROR;

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

/** @throws QueryInvalid when the query is not finite numbers, as many as the frame's */
export function prepareQuery(
  floats: Float32Array,
  { centre, squares, dimensions, directions }: Frame,
): CodedQuery {
  const norm = assertQuery(floats, dimensions);
  const along = squares > 0 ? productOf(floats, centre) : 0;
  const share = squares > 0 ? along / squares : 0;
  const rotated = new Float64Array(dimensions);
  for (let i = 0; i < dimensions; i++) rotated[i] = floats[i]! - share * centre[i]!;
  const shares = new Float64Array(DIRECTIONS);
  for (const [j, direction] of directions.entries()) {
    const product = productOf(floats, direction);
    shares[j] = product;
    for (let i = 0; i < dimensions; i++) rotated[i]! -= product * direction[i]!;
  }
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
  const fine = new Int16Array(dimensions);
  const coarse = new Uint8Array(dimensions);
  const head = headOf(dimensions);
  const inHead = rounded(rotated, 0, head, { fineStep, coarseStep, fine, coarse });
  const behind = rounded(rotated, head, dimensions, { fineStep, coarseStep, fine, coarse });

  const whole = Math.sqrt(inHead.squares + behind.squares);
  // What the shares of the centre in row and query lose when they are rounded below the range of float32.
  const least = SMALLEST + Math.abs(share) * squares * 2 ** -148;
  const apartError =
    directions.length === 0
      ? 0
      : shares.reduce((sum, x) => sum + Math.abs(x), 0) * APART_ERROR + norm * DIRECTIONS * ANGLE_ERROR;
  const sieved = sievedShares(shares);
  const weights = (
    step: number,
    norms: { errors: number; rest: number },
    { apart, shares, error }: Shares,
  ): Weights => ({
    along,
    step,
    // Never 0, so that a row with an infinite bound has an infinite interval even for a query of zeros.
    residual: whole * (1 + DOUBLE_ERROR) + 1e-30,
    norm: norms.errors * (1 + DOUBLE_ERROR) + whole * DOUBLE_ERROR,
    size: norm * (floatError(dimensions) + SHARE_ERROR) + apartError + error + 1e-30,
    rest: norms.rest * (1 + DOUBLE_ERROR),
    least,
    apart,
    shares,
  });
  const wholeError = Math.sqrt(inHead.coarseErrors + behind.coarseErrors);
  const fineError = Math.sqrt(inHead.fineErrors + behind.fineErrors);
  return {
    floats,
    fine,
    coarse,
    weights: {
      whole: weights(coarseStep, { errors: wholeError, rest: 0 }, sieved),
      head: weights(
        coarseStep,
        { errors: Math.sqrt(inHead.coarseErrors), rest: Math.sqrt(behind.squares) },
        sieved,
      ),
      fine: weights(fineStep, { errors: fineError, rest: 0 }, { apart: 1 / SHARE_STEPS, shares, error: 0 }),
    },
  };
}

/** A query's shares, and what they leave out, relative to a row's norm. */
type Shares = Pick<Weights, 'apart' | 'shares'> & { readonly error: number };

/** The shares as integers for the sieve. */
function sievedShares(shares: Float64Array): Shares {
  const step = shares.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / SHARE_LIMIT;
  const integers = Int16Array.from(shares, (x) => (step > 0 ? Math.round(x / step) : 0));
  const error = Math.sqrt(shares.reduce((sum, x, i) => sum + (x - step * integers[i]!) ** 2, 0));
  // The shares of a row are together hardly longer than the row.
  return { apart: step / SHARE_STEPS, shares: integers, error: error * 1.001 };
}

/** In four sums, since one would wait for each addition. The number of dimensions is a multiple of four. */
function productOf(a: Float32Array, b: Float32Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 4) {
    first += a[i]! * b[i]!;
    second += a[i + 1]! * b[i + 1]!;
    third += a[i + 2]! * b[i + 2]!;
    fourth += a[i + 3]! * b[i + 3]!;
  }
  return first + second + (third + fourth);
}

/** Rounds some of the numbers to whole multiples of both steps, and sums the squares of them and of what that leaves out. */
function rounded(
  numbers: Float64Array,
  start: number,
  end: number,
  to: { fineStep: number; coarseStep: number; fine: Int16Array; coarse: Uint8Array },
): { squares: number; fineErrors: number; coarseErrors: number } {
  const { fineStep, coarseStep, fine, coarse } = to;
  const fineFactor = fineStep > 0 ? 1 / fineStep : 0;
  const coarseFactor = coarseStep > 0 ? 1 / coarseStep : 0;
  let [squares, fineErrors, coarseErrors] = [0, 0, 0];
  for (let i = start; i < end; i++) {
    const number = numbers[i]!;
    const fineInteger = number * fineFactor + NO_FRACTIONS - NO_FRACTIONS;
    const coarseInteger = number * coarseFactor + NO_FRACTIONS - NO_FRACTIONS;
    fine[i] = fineInteger;
    coarse[i] = coarseInteger + COARSE_OFFSET;
    const fineError = number - fineStep * fineInteger;
    const coarseError = number - coarseStep * coarseInteger;
    squares += number * number;
    fineErrors += fineError * fineError;
    coarseErrors += coarseError * coarseError;
  }
  return { squares, fineErrors, coarseErrors };
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
