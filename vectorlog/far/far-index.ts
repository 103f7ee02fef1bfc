/** The port to a service that holds more vectors than one function's memory, and finds the nearest of them approximately. */

import { LikenessError } from '../errors.ts';

/** The metadata that holds a row's line; the index is made with this name as not filterable. */
export const LINE = 'line';

/** What a vector can be filtered by. */
export type FarValue = string | number | boolean;

/** Conditions in the words of S3 Vectors: `$eq`, `$in`, `$gte`, `$lt`, `$startsWith`, `$and`, `$or`. */
export type FarFilter = { readonly [name: string]: FarTerm | readonly FarFilter[] };
export type FarTerm = { readonly [operator: `$${string}`]: FarValue | readonly FarValue[] };

/** One row of the index as the service holds it. Its name is given once, and never to another row. */
export interface FarRow {
  readonly name: string;
  /** A unit vector. */
  readonly vector: Float32Array;
  /** What it can be filtered by. */
  readonly filterable: Readonly<Record<string, FarValue>>;
  /** The row's line of the rows file, which comes back with every answer. */
  readonly line: string;
}

/** A row that is probably near to a query. */
export interface FarCandidate {
  readonly name: string;
  readonly line: string;
}

/**
 * Every method rejects with a `FarUnavailable` (retryable) when the service did not answer after its own retries: whether
 * a write then happened is unknown, and writing the same again does no harm.
 */
export interface FarIndex {
  /** Tells this index of the service from every other one. */
  readonly name: string;

  /** Puts rows, at most `SERVICE_LIMITS.maxVectorsPerRequest` of at most `maxRequestBytes`; those that are there are replaced. */
  put(rows: readonly FarRow[]): Promise<void>;

  /** Deletes rows by their names, as many at a time; those that are not there are no error. */
  delete(names: readonly string[]): Promise<void>;

  /**
   * About the `count` nearest rows that the filter lets through, the nearest first.
   *
   * @param count what is more than `SERVICE_LIMITS.maxTopK`, or than an older service gives, is not asked for
   */
  query(vector: Float32Array, options: { count: number; filter?: FarFilter }): Promise<FarCandidate[]>;
}

/** The service did not answer, or answered that it could not; whether a write happened is unknown. */
export class FarUnavailable extends LikenessError {
  readonly retryable = true;
}

/** The service, its credentials or its index cannot serve at all; someone has to change something. */
export class FarUnsuitable extends LikenessError {
  readonly retryable = false;
}
