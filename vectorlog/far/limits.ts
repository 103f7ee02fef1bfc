/** The limits of the far index, each with its unit and the reason for its size. */

const KB = 1_000;
const KiB = 1024;
const MiB = 1024 * 1024;
const SECOND = 1000;
const HOUR = 3_600 * SECOND;

/**
 * What Amazon S3 Vectors allows.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-limitations.html
 */
export const SERVICE_LIMITS = {
  /** Vectors of one PutVectors or DeleteVectors. */
  maxVectorsPerRequest: 500,
  /** Bytes of a request's body. */
  maxRequestBytes: 20 * MiB,
  /** Vectors put and deleted in one second, and requests that do so. */
  vectorsPerSecond: 2_500,
  writesPerSecond: 1_000,
  maxDimensions: 4_096,
  /** Bytes of a vector's name. */
  maxNameBytes: 1_024,
  /**
   * Nearest vectors that one query gives, on as many pages as it takes. It was 100 until 2026-06-16, and stored copies of
   * the page of limits still say so.
   *
   * @see https://aws.amazon.com/about-aws/whats-new/2026/06/s3-vectors-supports-10000-search-results-per-query/
   */
  maxTopK: 10_000,
  /** Bytes of a vector's metadata, of those of them that can be filtered by, and names of both. */
  maxMetadataBytes: 40 * KB,
  maxFilterableBytes: 2 * KB,
  maxMetadataKeys: 50,
  /** What it was before; a place where the service is older is asked for no more. */
  maxTopKBefore: 100,
  /** Conditions of one filter. */
  maxConstraints: 100,
  /** Bytes that one PutVectors is billed as, at the least. */
  minBilledBytes: 128 * KiB,
} as const;

/** Bringing rows there and searching them. */
export const FAR_LIMITS = {
  /** Requests in the air at a time: the next one is made while the service takes in the last. */
  putsAtOnce: 2,
  /** Rows after which it is written down how far a projection came. */
  rowsPerNote: 5_000,
  /** Rows that are not projected that one search scores itself, and so holds in memory: 268 MB of 2,048 numbers each. */
  maxRecentRows: 32_768,
  /** Rows that were projected less long ago are scored by the search itself as well, should the service not show them yet. */
  settleMs: 60 * SECOND,
  /** Candidates for a search of k results: enough that dead rows and those of the wrong order do not matter. */
  minCandidates: 100,
  candidatesPerResult: 4,
  /** Rows of one key that a look-up takes in: replaced ones may not be deleted yet. */
  rowsOfKey: 100,
  /** Tries of one request, with growing pauses: a throttled service recovers within seconds. */
  maxAttempts: 8,
  connectTimeoutMs: 3 * SECOND,
  /** A request that gets no answer in this time is given up. */
  requestTimeoutMs: 30 * SECOND,
  /** Rows of one put at the least, so that it is not billed as more than it is (with 2,048 numbers); fewer wait. */
  minRowsPerPut: 16,
  /** Rows, dead ones included, that are read for one put. */
  maxRowsPerRead: 1_024,
  /** Bytes of a row's entry that go with its vector; the rest of the metadata is for what can be filtered by. */
  maxEntryBytes: 36 * KB,
  /** Names of what a row can be filtered by, besides the key. */
  maxFilterableNames: 40,
  /** Bytes of the end of a rows file that tell one history from another. */
  fingerprintBytes: 64 * KiB,
  /** Tries of looking at the store while it changes. */
  refreshTries: 4,
} as const;

/** Measuring how much of the truth the service finds. */
export const RECALL_LIMITS = {
  /** Results that are compared. */
  k: 10,
  /** Rows that are asked for their neighbours. */
  queries: 100,
  /** Rows that are compared exactly, and are read for it: 164 MB of 2,048 numbers each. */
  rows: 20_000,
  /** How long a measurement counts. */
  maxAgeMs: 24 * HOUR,
  /** It counts for less long where the index has grown by this share since. */
  maxGrowth: 0.5,
} as const;
