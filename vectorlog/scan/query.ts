/** A query made ready for the pass over codes: its integers, and what turns a product of integers into an interval. */

import type { Frame } from './codes.ts';
import { COARSE, encoderOf, FINE, ROTATED, ROW, SUMS } from './encoder-memory.ts';
import { QueryInvalid } from './errors.ts';
import {
  ANGLE_ERROR,
  DIRECTIONS,
  HIGH_HALF,
  headOf,
  rotationBlock,
  SHARE_STEPS,
  type SIEVES,
  type Stage,
} from './layout.ts';

/** What a query brings to the interval of a row's score; docs/scan.md derives it. Numbers are float64, in this order. */
export interface Weights {
  /** The query's product with the centre. */
  readonly along: number;
  /** What a product of codes and integers is to be multiplied by, beside the row's scale. */
  readonly step: number;
  readonly residual: number;
  readonly norm: number;
  readonly size: number;
  /** For the codes that are not in the product, behind the first ones. */
  readonly rest: number;
  readonly least: number;
  /** What a product of the shares of the directions is to be multiplied by, beside the row's norm. */
  readonly apart: number;
  /** For the low halves of codes that are not in the product. */
  readonly low: number;
  /** What a product is too large by, since halves of codes are never negative. */
  readonly offset: number;
  /** The query's shares: integers up to `SHARE_LIMIT` for coarse stages. */
  readonly shares: Float64Array | Int16Array;
}

export interface CodedQuery {
  /** The query as float32, for the rows that are looked at again. */
  readonly floats: Float32Array;
  /** 16-bit integers of the rotated query. */
  readonly fine: Int16Array;
  /** 8-bit integers of it, from -127 to 127. */
  readonly coarse: Int8Array;
  readonly weights: Readonly<Record<Stage, Weights>>;
  /** The query's norm. */
  readonly norm: number;
}

/** Weights for the sieve of several queries, which computes in float32, in the order in which they lie; `offset` is an int32. */
export interface Sieve {
  readonly before: readonly number[];
  readonly offset: number;
  /** What a product is too small by, since the offset is an integer, times the step. */
  readonly behind: number;
}

/** Room for what float32 loses, relative to a reach, and to the norms of row and query; docs/scan.md derives both. */
const [SIEVE_REACH, SIEVE_NORMS] = [2 ** -19, 2 ** -18];
/** Norms of queries for which float32 has range enough, whatever the row. */
const [LEAST_SIEVED, LARGEST_SIEVED] = [1e-10, 1e10];
/** Room for products below the range of float32, far below any score. */
const SIEVE_LEAST = 1e-36;

/** The weights of a stage for a sieve in float32; one that rules out nothing for a query that is out of its range. */
export function sieveOf({ weights, norm }: CodedQuery, stage: (typeof SIEVES)[number]): Sieve {
  const { along, step, apart, least, ...reach } = weights[stage];
  const offset = Math.round(reach.offset);
  const up = (weight: number): number => weight * (1 + SIEVE_REACH);
  const isInRange = norm >= LEAST_SIEVED && norm <= LARGEST_SIEVED;
  const size = isInRange ? up(reach.size) + norm * SIEVE_NORMS : Number.POSITIVE_INFINITY;
  return {
    before: [
      along,
      step,
      up(reach.residual),
      up(reach.norm),
      size,
      up(reach.rest),
      up(least) + SIEVE_LEAST,
      apart,
      up(reach.low),
    ],
    offset,
    behind: step * (offset - reach.offset),
  };
}

/** Room for what double precision loses; its own error is 1e-15 or so. */
const DOUBLE_ERROR = 1e-11;
/** Room for a row's share of the centre being rounded to float32, on both sides; relative to the norms. */
const SHARE_ERROR = 2 ** -22;
/** Products below the smallest float32 are lost: 2^-150 for each number, and far more for good measure. */
const SMALLEST = 1e-40;
/** Above this norm float32 products may overflow. */
const LARGEST_NORM = 1e18;
/** Sixteen products of coarse integers and halves of codes must stay within int16. */
const COARSE_LIMIT = 127;
/** What a code plus 128 is, when only its high half is known: `HIGH_HALF` times that half and 7.5, the middle of the low ones. */
const [CODE_OFFSET, LOW_MIDDLE] = [128, 7.5];
const FINE_LIMIT = 32_767;
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
export function prepareQuery(floats: Float32Array, frame: Frame): CodedQuery {
  const { squares, dimensions, directions } = frame;
  const norm = assertQuery(floats, dimensions);
  const { encoder, centre, directions: others } = encoderOf(frame);
  const { buffer } = encoder.memory;
  new Float32Array(buffer, ROW, dimensions).set(floats);
  const along = squares > 0 ? encoder.dotWide(ROW, centre, dimensions) : 0;
  const share = squares > 0 ? along / squares : 0;
  const [block, count] = [rotationBlock(dimensions), directions.length];
  encoder.rotateQuery(ROW, centre, share, dimensions, block, others, count, ROTATED, SUMS);
  const [largest = 0, absolute = 0, ...products] = new Float64Array(buffer, SUMS, 2 + count);
  const shares = new Float64Array(DIRECTIONS);
  shares.set(products);

  // The sum of products with codes up to 127 must stay within int32.
  const fineStep = Math.max(largest / FINE_LIMIT, absolute / (Math.floor((2 ** 31 - 1) / 127) - dimensions));
  const coarseStep = largest / COARSE_LIMIT;
  const rounded = (start: number, end: number): Rounded => {
    encoder.roundQuery(ROTATED, start, end, fineStep, coarseStep, FINE, COARSE, SUMS);
    const [squares = 0, fineErrors = 0, coarseErrors = 0, coarseSum = 0] = new Float64Array(buffer, SUMS, 4);
    return { squares, fineErrors, coarseErrors, coarseSum };
  };
  const head = headOf(dimensions);
  const inHead = rounded(0, head);
  const behind = rounded(head, dimensions);
  const fine = new Int16Array(buffer, FINE, dimensions).slice();
  const coarse = new Int8Array(buffer, COARSE, dimensions).slice();

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
    { errors, rest = 0, low = 0, offset = 0 }: LeftOut,
    { apart, shares, error }: Shares,
  ): Weights => ({
    along,
    step,
    // Never 0, so that a row with an infinite bound has an infinite interval even for a query of zeros.
    residual: whole * (1 + DOUBLE_ERROR) + 1e-30,
    norm: errors * (1 + DOUBLE_ERROR) + whole * DOUBLE_ERROR,
    size: norm * (floatError(dimensions) + SHARE_ERROR) + apartError + error + 1e-30,
    rest: rest * (1 + DOUBLE_ERROR),
    least,
    apart,
    low: low * (1 + DOUBLE_ERROR),
    offset,
    shares,
  });
  const headError = Math.sqrt(inHead.coarseErrors);
  const wholeError = Math.sqrt(inHead.coarseErrors + behind.coarseErrors);
  const fineError = Math.sqrt(inHead.fineErrors + behind.fineErrors);
  const sum = inHead.coarseSum + behind.coarseSum;
  const highOffset = (CODE_OFFSET - LOW_MIDDLE) / HIGH_HALF;
  const inHigh = {
    errors: wholeError,
    low: whole + wholeError,
    offset: highOffset * sum,
  };
  const inHighHead = {
    errors: headError,
    low: Math.sqrt(inHead.squares) + headError,
    rest: Math.sqrt(behind.squares),
    offset: highOffset * inHead.coarseSum,
  };
  return {
    floats,
    fine,
    coarse,
    norm,
    weights: {
      head: weights(HIGH_HALF * coarseStep, inHighHead, sieved),
      high: weights(HIGH_HALF * coarseStep, inHigh, sieved),
      whole: weights(coarseStep, { errors: wholeError, offset: CODE_OFFSET * sum }, sieved),
      fine: weights(fineStep, { errors: fineError }, { apart: 1 / SHARE_STEPS, shares, error: 0 }),
    },
  };
}

/** The squares of some of a query's numbers, and of what rounding left out of them; the sum of their coarse integers. */
interface Rounded {
  readonly squares: number;
  readonly fineErrors: number;
  readonly coarseErrors: number;
  readonly coarseSum: number;
}

/** What a stage leaves out of a query: what rounding did, and what the row's low halves and its codes behind the head are for. */
interface LeftOut extends Partial<Pick<Weights, 'rest' | 'low' | 'offset'>> {
  /** The norm of what rounding the query left out. */
  readonly errors: number;
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
