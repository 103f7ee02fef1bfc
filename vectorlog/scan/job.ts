/** What the main thread asks of a worker, and what it answers. */

import type { QueryBound } from './query.ts';

/** A segment's memory and how it is laid out; a worker keeps what it was given once. */
export interface SegmentGrant {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly coded: boolean;
}

export interface QueryJob {
  readonly k: number;
  readonly minScore: number;
  /** Bits of the rows that can be hits; all when `undefined`. */
  readonly mask: Uint8Array | undefined;
  readonly bound: QueryBound | undefined;
}

/** Rows `start` to `end` of a matrix; the queries themselves lie in each segment's head. */
export interface RowJob {
  readonly segments: readonly number[];
  /** Rows in each segment but the last. */
  readonly segmentRows: number;
  readonly start: number;
  readonly end: number;
}

export interface ScanJob extends RowJob {
  readonly kind: 'scan';
  /** Rows before this one have codes; the others are scored in float32 at once. */
  readonly coded: number;
  /** A thread with more candidates for one query than this abandons the pass. */
  readonly maxCandidates: number;
  readonly queries: readonly QueryJob[];
}

/** Makes codes; the threads share the units as in a scan. */
export interface QuantizeJob extends RowJob {
  readonly kind: 'quantize';
}

/** The best rows one thread found for one query, in no order. */
export interface FoundRows {
  readonly rows: Int32Array;
  readonly scores: Float32Array;
  /** Rows judged by their codes alone, and of these the ones scored again in float32. */
  readonly judged: number;
  readonly rescored: number;
}

export type ToWorker = { readonly kind: 'grant'; readonly segment: SegmentGrant } | ScanJob | QuantizeJob;
