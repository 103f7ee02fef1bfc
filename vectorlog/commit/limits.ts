/** The limits of the log and its compaction, each with its unit and the reason for its size. */

const MiB = 1024 * 1024;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The append log and its compaction. */
export const LOG_LIMITS = {
  /** A folded append stays this long, so that a search that began before the commit can still read it. */
  foldedGraceMs: 60 * SECOND,
  /** A replaced index file stays this long for readers that are in the middle of it. */
  replacedGraceMs: 15 * MINUTE,
  /** A file that no manifest refers to stays this long: the run that wrote it may be about to refer to it. */
  orphanGraceMs: 15 * MINUTE,
  /** A tombstone outlives any function that might still hold the picture whose deletion it is. */
  tombstoneMs: 60 * MINUTE,
  /** Tombstones in a manifest; when there are more, all go into a segment that it names. About 100 bytes each. */
  tombstonesInManifest: 1_000,
  /** The most recent manifests that stay. */
  manifestsKept: 10,
  /** Share of dead rows above which a new lineage is written without them. */
  maxDeadShare: 0.2,
  /** A run folds when so many appends wait, or they have this share of the index's bytes, or one waits for so long. */
  foldAppends: 1,
  foldShare: 0,
  foldAfterMs: 0,
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

/**
 * The limits on a folder. Where the file system shares no blocks, a commit copies the whole index there, so the log is
 * folded by amount; searches take its tail in all the same. What was replaced goes after a minute: the readers are on
 * this machine, and a file that is open can be read to its end.
 */
export const FOLDER_LOG_LIMITS: Partial<LogLimits> = {
  replacedGraceMs: MINUTE,
  orphanGraceMs: MINUTE,
  foldAppends: 1_000,
  foldShare: 0.05,
  foldAfterMs: 60 * MINUTE,
};
