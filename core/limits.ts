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
  /** Appends that one commit folds; what is over waits for the next one. */
  maxAppendsPerCompaction: 5_000,
  /** Bytes of appends that one commit folds and so has in memory: some 24,000 pictures. */
  maxBytesPerCompaction: 192 * MiB,
  /** Rows of the FAISS file in memory at a time, when it is read through: 8 MiB. */
  rowsPerBlock: 1_024,
  /** Appends that are read side by side. */
  readsAtOnce: 16,
} as const;

export type LogLimits = { readonly [limit in keyof typeof LOG_LIMITS]: number };

/** Object stores over HTTP. */
export const STORE_LIMITS = {
  /** Connections to the store, all kept open: more than any one operation uses, so that a search waits for none. */
  maxSockets: 64,
  /** Tries of one request before its caller hears of a fault; with growing pauses, some seconds in all. */
  maxAttempts: 5,
  connectTimeoutMs: 3 * SECOND,
  /** A connection on which nothing moves for so long is given up. */
  idleTimeoutMs: 20 * SECOND,
  /** Tries of a conditional write that collides with another (409), and the pause after the first. */
  maxConflicts: 10,
  conflictPauseMs: 50,
  /** Bytes of one ranged GET; a larger read is cut into these. */
  readPartBytes: 8 * MiB,
  /** Ranged GETs of one read that run side by side. */
  readsAtOnce: 8,
  /** Parts of a multipart upload that are in the air at a time, and so in memory. */
  partsAtOnce: 8,
  /** Bytes of the first parts uploaded; see `s3/multipart-plan.ts` for how they grow. */
  uploadPartBytes: 8 * MiB,
  /** Bytes of one part that is copied inside the store: large ones are copied side by side. */
  copyPartBytes: 128 * MiB,
  /** What S3 allows of a multipart upload; its last part may be smaller. */
  minPartBytes: 5 * MiB,
  maxPartBytes: 5 * 1024 * MiB,
  maxParts: 10_000,
  /** Keys that one request deletes. */
  maxDeletes: 1_000,
} as const;

/** Reading an index into memory. */
export const DOWNLOAD_LIMITS = {
  /** Reads that run side by side: enough to fill the network of a function, few enough for its sockets. */
  parallel: 16,
  /** Bytes of one read; the size of the ranges that S3 advises. */
  partBytes: 8 * MiB,
  /** Appends that are fetched side by side; they are small, so it is the waiting that counts. */
  appendsAtOnce: 48,
  /** Tries of a refresh whose objects are cleaned away while it reads. */
  refreshTries: 4,
} as const;

/** The HTTP API. */
export const SEARCH_LIMITS = {
  /** Results of one search. */
  maxK: 1_000,
  defaultK: 10,
  /** Appends of the tail that one search takes in; beyond it the answer says what is `pending`. */
  maxTailAppends: 2_000,
  /** With `consistency=eventual`, an answer older than this also starts a refresh, for which it does not wait. */
  eventualRefreshMs: 30 * SECOND,
  /** Bytes of a request's body: Lambda takes 6 MB of JSON, and base64 makes 4 of 3. */
  maxBodyBytes: 4.5 * MiB,
  /** Bytes of an object key, as on S3. */
  maxKeyBytes: 1_024,
  /** Items on one page of a list. */
  maxPage: 1_000,
  defaultPage: 100,
  /** Milliseconds after which a page of duplicates ends, so that callers see progress and no gateway gives up. */
  duplicatesMs: 3 * SECOND,
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

/** One batch of on-upload. */
export const INGEST_LIMITS = {
  /** Bytes of picture files in memory at a time; one larger file is taken alone. */
  maxBytesInMemory: 64 * MiB,
  /** What a run keeps of its time to write down what it learned. */
  timeToFinishMs: 20 * SECOND,
} as const;
