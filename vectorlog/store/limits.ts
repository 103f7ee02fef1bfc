/** The limits of talking to an object store, each with its unit and the reason for its size. */

const MiB = 1024 * 1024;
const SECOND = 1000;

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
  /** Bytes of an object key, as on S3. */
  maxKeyBytes: 1_024,
} as const;
