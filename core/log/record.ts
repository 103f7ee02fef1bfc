/** What the append log says: this picture is there now, or: it is gone. */

/** What the index knows of a picture besides its embedding. */
export interface Picture {
  /** The object key in the pictures' bucket, decoded. */
  readonly key: string;
  /**
   * The S3 event's `sequencer` (hexadecimal): orders the changes of one key, and means nothing between keys.
   * `undefined` when the picture was found by a backfill and not by an event.
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
}

/**
 * A picture was deleted. One with a version comes from an event. One without comes from a backfill that found the
 * picture gone, and takes away exactly the picture with `eTag`.
 */
export type DeleteRecord =
  | { readonly op: 'delete'; readonly key: string; readonly version: string }
  | { readonly op: 'delete'; readonly key: string; readonly version: undefined; readonly eTag: string };

export type LogRecord = PutRecord | DeleteRecord;

/** One append: everything one on-upload invocation learned, written as one object and never changed. */
export interface Append {
  readonly records: readonly LogRecord[];
  /** Unit vectors, row-major: `rows * 2048` float32. */
  readonly vectors: Float32Array;
}
