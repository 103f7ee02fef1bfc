/** What the append log says: this picture is there now, or: it is gone. */

import type { KeyState } from './key-state.ts';

/** What the index knows of a picture besides its embedding. */
export interface Picture {
  /** The object key in the pictures' bucket, decoded. */
  readonly key: string;
  /**
   * The S3 event's `sequencer` (hexadecimal): orders the changes of one key, and means nothing between keys.
   * `undefined` when the picture was found by a backfill and no event of its key is known.
   */
  readonly version: string | undefined;
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  readonly contentType: string | undefined;
  /** The user's metadata (`x-amz-meta-*`), names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** ISO 8601, UTC. */
  readonly lastModified: string;
}

/** A picture was written; its embedding is row `row` of the append that carries this record. */
export interface PutRecord extends Picture {
  readonly op: 'put';
  readonly row: number;
  /** There exactly when `version` is not: what the backfill knew of the key. */
  readonly basis?: KeyState;
}

/**
 * A picture was deleted, or replaced by one that cannot be indexed. One with a version comes from an event, one with a
 * basis from a backfill.
 */
export interface DeleteRecord {
  readonly op: 'delete';
  readonly key: string;
  readonly version: string | undefined;
  readonly basis?: KeyState;
}

export type LogRecord = PutRecord | DeleteRecord;

/** One append: everything one on-upload invocation learned, written as one object and never changed. */
export interface Append {
  readonly records: readonly LogRecord[];
  /** Unit vectors, row-major: `rows * 2048` float32. */
  readonly vectors: Float32Array;
}
