/** What a month costs, from what it consists of. */

import { ROW_BYTES } from '../../pictures/dimensions.ts';
import { QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';
import { neededBytes, RESERVED_BYTES } from '../../vectorlog/read/memory.ts';
import { PRICES } from './prices.ts';

const GB = 1e9;
const MiB = 1024 * 1024;
const HOURS = 730;
const MINUTES = HOURS * 60;

/** What is not known from the code, and was measured or is guessed. */
export const ASSUMED = {
  /** Bytes of a picture's line in the rows file. */
  bytesPerLine: 220,
  /** Seconds that the embedding of one picture takes with 3,008 MB. */
  secondsPerPicture: 0.35,
  /** Seconds of a search: embedding, lists, answer; the scan comes on top. */
  secondsPerSearch: 0.35,
  /** Seconds that the scan takes for each picture, on the cores of 3,008 MB. */
  scanSecondsPerPicture: 0.3e-6,
  /** Seconds from nothing to a handler that is ready. */
  coldStartSeconds: 3,
  /** Bytes a second at which a cold function reads the index. */
  loadBytesPerSecond: 300e6,
  /** Searches an hour that keep one instance warm. */
  searchesThatKeepWarm: 6,
  /** Seconds of a compaction that finds nothing to do. */
  secondsPerIdleCompaction: 0.15,
  /** Reads of a queue in a month while it is empty: five readers that wait 20 seconds each. */
  emptyReads: (5 * MINUTES * 60) / 20,
  /** Bytes of logs that a run writes. */
  bytesOfLogs: 1_500,
} as const;

/** Alarms, one of them with two metrics, and metrics that the functions write. */
const ALARM_METRICS = 14;
const CUSTOM_METRICS = 4;

/** Lambda's most, and what an account may use until it asks for more. */
export const LARGEST_FUNCTION_MB = 10_240;
export const DEFAULT_MB = 3_008;

export interface Month {
  /** Pictures in the index. */
  readonly pictures: number;
  readonly searches: number;
}

/** The index as it lies in the bucket. */
const storedBytes = (pictures: number): number => pictures * (ROW_BYTES + ASSUMED.bytesPerLine);

/** Megabytes of memory that a search over so many pictures needs; it may be more than Lambda has. */
export function searchMegabytes(pictures: number): number {
  const index = neededBytes({ rows: pictures, files: { rowsBytes: pictures * ASSUMED.bytesPerLine } });
  return Math.max(DEFAULT_MB, Math.ceil((index + RESERVED_BYTES) / MiB));
}

/** Every month, whether anything happens or not: compaction looks for work each minute, queues are read, alarms watch. */
export function idle(): Record<string, number> {
  return {
    'compaction: lists': MINUTES * 2 * PRICES.s3Write.usd,
    'compaction: runs':
      MINUTES * (PRICES.lambdaRequest.usd + PRICES.schedulerRun.usd) +
      MINUTES * ASSUMED.secondsPerIdleCompaction * PRICES.lambdaSecond.usd,
    'two queues, read while empty': 2 * ASSUMED.emptyReads * PRICES.sqsRequest.usd,
    alarms: ALARM_METRICS * PRICES.alarm.usd,
    'custom metrics': CUSTOM_METRICS * PRICES.metric.usd,
    dashboard: PRICES.dashboard.usd,
    'logs and traces': ((MINUTES * ASSUMED.bytesOfLogs) / GB) * PRICES.logs.usd + MINUTES * PRICES.trace.usd,
  };
}

/** Once for each picture, when it is uploaded. */
export function perUpload(): number {
  const batches = 1 / QUEUE_LIMITS.batchSize;
  const seconds = ASSUMED.secondsPerPicture * (DEFAULT_MB / 1024);
  return (
    // The picture read, its rejection looked for; one append for the batch, and its share of a compaction.
    2 * PRICES.s3Read.usd +
    batches * (2 * PRICES.s3Write.usd + 3 * PRICES.s3Read.usd) +
    (1 + 4 * batches) * PRICES.sqsRequest.usd +
    seconds * PRICES.lambdaSecond.usd +
    batches * PRICES.lambdaRequest.usd
  );
}

/** The month's searches. */
export function searching({ pictures, searches }: Month): Record<string, number> {
  const gigabytes = Math.min(searchMegabytes(pictures), LARGEST_FUNCTION_MB) / 1024;
  const cold = Math.min(searches, HOURS * ASSUMED.searchesThatKeepWarm);
  const load = storedBytes(pictures) / ASSUMED.loadBytesPerSecond;
  const warmSeconds = ASSUMED.secondsPerSearch + pictures * ASSUMED.scanSecondsPerPicture;
  return {
    compute: searches * warmSeconds * gigabytes * PRICES.lambdaSecond.usd,
    'cold starts': cold * (ASSUMED.coldStartSeconds + load) * gigabytes * PRICES.lambdaSecond.usd,
    'lists (strong consistency)': searches * 2 * PRICES.s3Write.usd,
    requests: searches * (PRICES.httpApiRequest.usd + PRICES.lambdaRequest.usd),
    'logs and traces':
      ((searches * ASSUMED.bytesOfLogs) / GB) * PRICES.logs.usd +
      Math.min(searches, HOURS * 3600) * 0.05 * PRICES.trace.usd,
  };
}

export const storing = (pictures: number): number => (storedBytes(pictures) / GB) * PRICES.s3Storage.usd;

export const sum = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((total, part) => total + part, 0);

/** All of Likeness in a month. */
export const likeness = (month: Month): number =>
  sum(idle()) + storing(month.pictures) + sum(searching(month));

/** The same pictures and searches elsewhere; the embedding is not in it, nor anything else around the vectors. */
export const ELSEWHERE = {
  'S3 Vectors': ({ pictures, searches }: Month): number => {
    const bytes = ROW_BYTES + ASSUMED.bytesPerLine;
    const TB = 1e12;
    const first = (Math.min(pictures, 100_000) * bytes) / TB;
    const more = (Math.max(0, pictures - 100_000) * bytes) / TB;
    return (
      ((pictures * bytes) / GB) * PRICES.vectorsStorage.usd +
      searches * (PRICES.vectorsQuery.usd + first * PRICES.vectorsFirst.usd + more * PRICES.vectorsMore.usd)
    );
  },
  /** Half a unit for indexing and half for search at least; one unit holds 6 GB of memory. */
  'OpenSearch Serverless, classic': ({ pictures }: Month): number => {
    const units = Math.max(0.5, Math.ceil((pictures * ROW_BYTES * 1.2) / (6 * GB) / 0.5) * 0.5);
    return 2 * units * HOURS * PRICES.ocuHour.usd;
  },
  /** As many as hold the vectors; the price of a larger one is in proportion. */
  'an instance that is always on': ({ pictures }: Month): number => {
    const instances = Math.max(
      1,
      2 ** Math.ceil(Math.log2((pictures * ROW_BYTES * 1.3 + 1.5 * GB) / (8 * GB))),
    );
    return instances * HOURS * PRICES.instanceHour.usd + storing(pictures);
  },
} as const;
