/** The limits of events and of one batch of on-upload, each with its unit and the reason for its size. */

const MiB = 1024 * 1024;
const SECOND = 1000;

/** Events and their queue, the same on AWS and on one machine. */
export const QUEUE_LIMITS = {
  batchSize: 10,
  batchWindowMs: 2 * SECOND,
  /** Tries before an event goes to the dead-letter queue: AWS advises five at least, for throttling uses some up. */
  maxReceives: 5,
  /** Milliseconds that a message which failed stays out of sight, times the tries it has had. */
  retryMs: 30 * SECOND,
} as const;

/** One batch of on-upload. */
export const INGEST_LIMITS = {
  /** Bytes of picture files in memory at a time; one larger file is taken alone. */
  maxBytesInMemory: 64 * MiB,
  /** What one look at a key, one read of a picture or of a note may take: a store that answers needs a few seconds at the most. */
  longestStepMs: 30 * SECOND,
  /** What a run keeps of its time to write down what it learned, */
  timeToFinishMs: 20 * SECOND,
  /** and of that for the append, which then waits for nothing that can be done without, */
  timeToAppendMs: 10 * SECOND,
  /** and to say what must come again. */
  timeToReportMs: 2 * SECOND,
} as const;
