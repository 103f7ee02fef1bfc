/** A query made ready for the two passes: its 16-bit integers, and what turns a code product into an interval. */

import { DIMENSIONS } from '../dimensions.ts';
import { QueryInvalid } from './errors.ts';

/** What the query brings to the interval of a row's score; docs/scan.md derives it. */
export interface QueryBound {
  readonly step: number;
  readonly sum: number;
  readonly residualWeight: number;
  readonly normWeight: number;
}

export interface PreparedQuery {
  readonly floats: Float32Array;
  /** The query as integers: float32 = step * integer + error. */
  readonly integers: Int16Array;
  /** `undefined` when float32 products may overflow: the rows must then be scored in float32 at once. */
  readonly bound: QueryBound | undefined;
}

/** The middle of the interval of a row, of which the codes' product with the query's integers is known. */
export const middleOf = ({ step, sum }: QueryBound, scale: number, offset: number, product: number): number =>
  scale * (step * product) + offset * sum;

/** How far from the middle the row's score can be: its true inner product as well as the kernel's float32. */
export const reachOf = ({ residualWeight, normWeight }: QueryBound, residual: number, norm: number): number =>
  residual * residualWeight + norm * normWeight + SMALLEST;

/** Products below the smallest float32 are lost: 2,048 times 2^-150, and far more for good measure. */
const SMALLEST = 1e-40;

/**
 * How far a float32 sum of 2,048 products, added in four lanes, can be from the true one, relative to the norms:
 * each product passes through at most 515 roundings of 2^-24. A little more covers the arithmetic of the bound itself.
 */
const FLOAT_ERROR = (516 * 2 ** -24) / (1 - 516 * 2 ** -24);

/** Room for what double precision loses in computing the interval; its own error is 1e-15 or so. */
const DOUBLE_ERROR = 1e-11;

/** The sum of 2,048 products with codes up to 255 must stay within int32. */
const LARGEST_SUM = Math.floor((2 ** 31 - 1) / 255) - DIMENSIONS;
const LARGEST_INTEGER = 32_767;
const LARGEST_NORM = 1e18;

/** @throws QueryInvalid when the query is not 2,048 finite numbers. */
export function prepareQuery(floats: Float32Array): PreparedQuery {
  if (floats.length !== DIMENSIONS) {
    throw new QueryInvalid(`a query has ${DIMENSIONS} numbers, not ${floats.length}`);
  }
  let largest = 0;
  let sum = 0;
  let absolute = 0;
  let squares = 0;
  for (const y of floats) {
    const size = Math.abs(y);
    if (size > largest) largest = size;
    sum += y;
    absolute += size;
    squares += y * y;
  }
  if (!Number.isFinite(squares)) throw new QueryInvalid('a query must be finite numbers');

  const integers = new Int16Array(DIMENSIONS);
  const norm = Math.sqrt(squares);
  if (norm > LARGEST_NORM) return { floats, integers, bound: undefined };

  const step = Math.max(largest / LARGEST_INTEGER, absolute / LARGEST_SUM);
  let errors = 0;
  if (step > 0) {
    for (let i = 0; i < DIMENSIONS; i++) {
      const y = floats[i]!;
      const integer = Math.round(y / step);
      integers[i] = integer;
      errors += (y - step * integer) ** 2;
    }
  }
  const bound = {
    step,
    sum,
    // Never 0, so that a row with an infinite bound has an infinite interval even for a query of zeros.
    residualWeight: norm * (1 + FLOAT_ERROR + DOUBLE_ERROR) + 1e-30,
    normWeight: Math.sqrt(errors) * (1 + DOUBLE_ERROR) + norm * (FLOAT_ERROR + DOUBLE_ERROR),
  };
  return { floats, integers, bound };
}
