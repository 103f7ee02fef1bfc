/** Every limit of the system, in one place, with its unit and the reason for its size. */

const KiB = 1024;
const MiB = 1024 * KiB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Numbers in an embedding: the width of ResNet50's pooled features. */
export const DIMENSIONS = 2048;

/** Bytes of one embedding in a file or in memory: float32. */
export const ROW_BYTES = DIMENSIONS * 4;

/** What a picture may cost before it is refused (see docs/formats.md). */
export const PICTURE_LIMITS = {
  /** Bytes of an uploaded file. */
  maxBytes: 50 * MiB,
  /** Pixels of the first frame: 100 megapixels, above any camera on sale, decode to 300 MB of RGB at the most. */
  maxPixels: 100_000_000,
  /** Pixels of the longer side. */
  maxSide: 30_000,
  /** Frames or pages a file may declare; only the first is decoded. */
  maxFrames: 10_000,
  /** Milliseconds one picture may take to decode. */
  decodeTimeoutMs: 30 * SECOND,
} as const;

/** The append log and its compaction. */
export const LOG_LIMITS = {
  /** A folded append stays this long, so that a search that began before the commit can still read it. */
  foldedGraceMs: 60 * SECOND,
  /** A replaced index file stays this long for readers that are in the middle of it. */
  replacedGraceMs: 15 * MINUTE,
  /** A deletion's marker outlives any function that might still hold the picture it deleted. */
  markerMs: 60 * MINUTE,
  /** The most recent manifests that stay. */
  manifestsKept: 10,
  /** Share of dead rows above which a new lineage is written without them. */
  maxDeadShare: 0.2,
  /** Appends one compaction folds; what is over waits for the next one. */
  maxAppendsPerCompaction: 5_000,
} as const;

/** The HTTP API. */
export const SEARCH_LIMITS = {
  /** Results of one search. */
  maxK: 1_000,
  defaultK: 10,
  /** Appends of the tail that one search takes in; beyond it the answer says what is `pending`. */
  maxTailAppends: 2_000,
  /** Bytes of a request's body: Lambda takes 6 MB of JSON, and base64 makes 4 of 3. */
  maxBodyBytes: 4.5 * MiB,
  /** Bytes of an object key, as on S3. */
  maxKeyBytes: 1_024,
  /** Items on one page of a list. */
  maxPage: 1_000,
  defaultPage: 100,
  /** Values that a filter may give for one metadata name. */
  maxFilterValues: 1_000,
  /** Names and values of one picture's metadata together, as on S3. */
  maxMetadataBytes: 2_048,
} as const;

/** Events and their queue, the same on AWS and on one machine. */
export const QUEUE_LIMITS = {
  batchSize: 10,
  batchWindowMs: 2 * SECOND,
  /** Tries before an event goes to the dead-letter queue. */
  maxReceives: 3,
} as const;
