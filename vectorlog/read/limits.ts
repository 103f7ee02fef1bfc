/** The limits of following the store in memory, each with its unit and the reason for its size. */

const MiB = 1024 * 1024;
const SECOND = 1000;

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
  /** Bytes of the tail that a search over the far index takes in; beyond it the answer says what is `pending`. */
  farTailBytes: 256 * MiB,
  /** With `consistency=eventual`, an answer older than this also starts a refresh, for which it does not wait. */
  eventualRefreshMs: 30 * SECOND,
} as const;
