/** What a month costs, from what it consists of. */

import { BATCH_SIZE } from '../../cdk/backfill.ts';
import { DIMENSIONS, ROW_BYTES } from '../../pictures/dimensions.ts';
import { SENDS_AT_ONCE } from '../../pictures/ingest/backfill.ts';
import { QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';
import { DOWNLOAD_LIMITS, neededBytes, RESERVED_BYTES } from '../../vectorlog/read/memory.ts';
import { DIRECTIONS, recordBytes } from '../../vectorlog/scan/layout.ts';
import { idleUsage } from './idle.ts';
import MEASURED from './measured.json' with { type: 'json' };
import { PRICES } from './prices.ts';
import { templatesOf } from './templates.ts';
import { add, times, total, type Usage } from './usage.ts';

const GB = 1e9;
const MB = 1e6;
const MiB = 1024 * 1024;
const HOURS = 730;

/** What is not known from the code and cannot be measured without AWS, or at all. */
export const ASSUMED = {
  /** Seconds from nothing to a handler that is ready, without the index. */
  coldStartSeconds: 3,
  /** Bytes a second at which a function reads from S3, whatever its memory (github.com/sjakthol/aws-network-benchmark). */
  networkBytesPerSecond: 75 * MB,
  /** What it reads faster than that at first, in bytes and bytes a second. */
  burstBytes: 300 * MB,
  burstBytesPerSecond: 340 * MB,
  /** Seconds that S3 takes for a small request. */
  secondsPerRequest: 0.03,
  /** Minutes after which Lambda takes an instance away that nobody asked. */
  idleMinutes: 10,
  /** Hours after which it replaces one that is asked all the time. */
  instanceHours: 2,
  /** Instances that serve a month of many searches, each of which loads the index. */
  instancesAtOnce: 3,
  /** Bytes of a picture in a search by picture, as the console makes it smaller before it asks. */
  bytesPerQuery: 0.3 * MB,
  /** Bytes of logs of a request: the line of the access log. */
  bytesOfRequestLogs: 500,
  /** Appends that one compaction folds while pictures keep coming: those of a minute. */
  appendsPerCompaction: 30,
  /** Megabytes of a function's memory for which it has a processor to itself. */
  megabytesPerProcessor: 1_769,
  /** Pictures that someone looks at with each search or page: as many thumbnails are fetched. */
  thumbnailsPerPage: 40,
} as const;

/** HTTP APIs count a request once for each of these. */
const HTTP_API_BYTES = 512 * 1024;

/** Lambda's most, and what an account may use until it asks for more. */
export const LARGEST_FUNCTION_MB = 10_240;
export const DEFAULT_MB = 3_008;
const COMPACT_MB = 1_024;
const BACKFILL_MB = 1_769;
/** Of a run besides its batches: which job, begin, the map, what is gone, done. */
const STEPS_OF_A_RUN = 10;

export type Query = 'key' | 'picture';

export interface Month {
  /** Pictures in the index. */
  readonly pictures: number;
  readonly searches: number;
  /** @default 'picture' */
  readonly by?: Query;
  /** @default 'strong' */
  readonly consistency?: 'strong' | 'eventual';
  /** @default 'x64' */
  readonly architecture?: 'x64' | 'arm64';
}

/** The index as it lies in the bucket. */
const storedBytes = (pictures: number): number =>
  pictures * (ROW_BYTES + recordBytes(DIMENSIONS, DIRECTIONS) + MEASURED.bytesPerLine);

/** What a search reads before its first answer: codes and lines. */
const loadedBytes = (pictures: number): number =>
  pictures * (recordBytes(DIMENSIONS, DIRECTIONS) + MEASURED.bytesPerLine);

/** Seconds until a function that has just begun answers its first search. */
export const coldSecondsOf = (pictures: number): number =>
  ASSUMED.coldStartSeconds + loadSeconds(loadedBytes(pictures));

/** Megabytes of memory that a search over so many pictures needs; it may be more than Lambda has. */
export function searchMegabytes(pictures: number): number {
  const index = neededBytes(
    {
      rows: pictures,
      files: {
        faiss: '',
        rows: '',
        dead: '',
        codes: 'codes',
        directions: DIRECTIONS,
        rowsBytes: pictures * MEASURED.bytesPerLine,
      },
    },
    DIMENSIONS,
  );
  return Math.max(DEFAULT_MB, Math.ceil((index + RESERVED_BYTES) / MiB));
}

/** Seconds that a function takes to read so much from S3. */
function loadSeconds(bytes: number): number {
  const burst = Math.min(bytes, ASSUMED.burstBytes);
  return burst / ASSUMED.burstBytesPerSecond + (bytes - burst) / ASSUMED.networkBytesPerSecond;
}

/** Every month, whether anything happens or not, of the stack as it is deployed by default. */
let idleOfDefaults: Usage | undefined;
export const idle = (): Usage => {
  idleOfDefaults ??= idleUsage(templatesOf());
  return idleOfDefaults;
};

const lambda = (seconds: number, megabytes: number, architecture: 'x64' | 'arm64' = 'x64'): Usage => ({
  [architecture === 'arm64' ? 'lambdaSecondArm' : 'lambdaSecond']: seconds * (megabytes / 1024),
  lambdaRequest: 1,
});

export type Precision = 'fp32' | 'int8';

/** What thumbnails cost: seconds and a request for each upload, and their storage every month. */
export const thumbnail = (): Usage => ({
  lambdaSecond: MEASURED.secondsPerThumbnail * (DEFAULT_MB / 1024),
  s3Write: 1,
});
export const storingThumbnails = (pictures: number): Usage => ({
  s3Storage: (pictures * MEASURED.bytesPerThumbnail) / GB,
});

/** A first look at so many pictures: addresses of a page of them by one request, then each from the bucket. */
export function looking(pictures: number): Usage {
  const pages = pictures / ASSUMED.thumbnailsPerPage;
  const address = MEASURED.bytesPerAnswer / 10;
  return add(times(pages, lambda(MEASURED.secondsPerSearch + ASSUMED.secondsPerRequest, DEFAULT_MB)), {
    httpApiRequest: pages,
    s3Write: pages,
    s3Read: pictures,
    transferOut: (pictures * (address + MEASURED.bytesPerThumbnail)) / GB,
  });
}

/** Seconds that a function is at work on each picture of a batch, its thumbnail included. */
export const pictureSeconds = (precision: Precision = 'fp32'): number =>
  MEASURED.secondsPerEmbedding / (precision === 'int8' ? MEASURED.int8ToFp32 : 1) +
  MEASURED.secondsPerThumbnail +
  ASSUMED.secondsPerRequest;

/** Once for each picture, when it is uploaded. */
export function upload(intake: 'queue' | 'direct' = 'queue', precision: Precision = 'fp32'): Usage {
  const pictures = intake === 'queue' ? QUEUE_LIMITS.batchSize : 1;
  const batch = add(
    lambda(pictures * pictureSeconds(precision), DEFAULT_MB),
    // Each picture is read and its rejection looked for; its thumbnail and the append are written.
    { s3Read: 2 * pictures, s3Write: 1 + pictures },
    intake === 'queue' ? { sqsRequest: pictures + 4 } : {},
  );
  const { readsPerCompaction: s3Read, writesPerCompaction: s3Write } = MEASURED;
  // Part of a processor takes longer, and of the requests most wait for each other.
  const seconds =
    MEASURED.secondsPerCompaction * (ASSUMED.megabytesPerProcessor / COMPACT_MB) +
    (s3Read + s3Write) * ASSUMED.secondsPerRequest;
  const compaction = add(lambda(seconds, COMPACT_MB), { s3Write, s3Read });
  return add(times(1 / pictures, batch), times(1 / pictures / ASSUMED.appendsPerCompaction, compaction));
}

/**
 * Comparing so many objects with the index in the cloud, and enqueuing them all; what is done with them is `upload`.
 */
export function backfilling(objects: number): Usage {
  const batches = Math.ceil(objects / BATCH_SIZE);
  // Each batch is a run of its own with one step, and its messages are sent eight at a time.
  const sends = BATCH_SIZE / QUEUE_LIMITS.batchSize;
  const seconds = (sends / SENDS_AT_ONCE) * ASSUMED.secondsPerRequest;
  return add(
    { stateTransition: 2 * batches + STEPS_OF_A_RUN, sqsRequest: batches * sends },
    times(batches, lambda(seconds, BACKFILL_MB)),
    // Step Functions lists the bucket for the first half, and the function for the second.
    { s3Write: 2 * (objects / 1_000) },
  );
}

/** Searches that come at random times meet a cold function after a long gap, or when Lambda has replaced one. */
function coldStarts(searches: number): number {
  const afterGaps = searches * Math.exp((-ASSUMED.idleMinutes * searches) / (HOURS * 60));
  const replaced = (HOURS / ASSUMED.instanceHours) * ASSUMED.instancesAtOnce;
  return Math.min(searches, afterGaps + Math.min(searches / 100, replaced));
}

/** The month's searches, by what they consist of. */
export function searching(month: Month): Record<string, Usage> {
  const { pictures, searches, by = 'picture', consistency = 'strong', architecture = 'x64' } = month;
  const megabytes = Math.min(searchMegabytes(pictures), LARGEST_FUNCTION_MB);
  const list = consistency === 'strong' ? ASSUMED.secondsPerRequest : 0;
  const embedding = by === 'picture' ? MEASURED.secondsPerQueryPicture : 0;
  const seconds = MEASURED.secondsPerSearch + pictures * MEASURED.scanSecondsPerPicture + embedding + list;
  const coldSeconds = coldSecondsOf(pictures);
  const sent = MEASURED.bytesPerAnswer;
  const asked = by === 'picture' ? ASSUMED.bytesPerQuery : 0;
  const { lambdaRequest = 0, ...compute } = times(searches, lambda(seconds, megabytes, architecture));
  return {
    compute,
    'cold starts': times(coldStarts(searches), lambda(coldSeconds, megabytes, architecture)),
    lists: { s3Write: consistency === 'strong' ? searches : eventualLists(searches) },
    requests: {
      lambdaRequest,
      httpApiRequest:
        searches * Math.max(1, Math.ceil(asked / HTTP_API_BYTES) + Math.ceil(sent / HTTP_API_BYTES) - 1),
    },
    'transfer out': { transferOut: (searches * sent) / GB },
    logs: { logs: (searches * ASSUMED.bytesOfRequestLogs) / GB },
  };
}

/** An instance that answers from memory looks at the store now and then, for the answers after that one. */
const eventualLists = (searches: number): number =>
  Math.min(searches, (ASSUMED.instancesAtOnce * HOURS * 3_600_000) / DOWNLOAD_LIMITS.eventualRefreshMs);

export const storing = (pictures: number): Usage => ({ s3Storage: storedBytes(pictures) / GB });

/** All of Likeness in a month, in US dollars. */
export const likeness = (month: Month): number =>
  total(idle()) +
  total(add(storing(month.pictures), storingThumbnails(month.pictures), ...Object.values(searching(month))));

/** The same pictures and searches elsewhere; the embedding is not in it unless it says so. */
export const ELSEWHERE = {
  'S3 Vectors': ({ pictures, searches }: Month): number => {
    const bytes = ROW_BYTES + MEASURED.bytesPerLine;
    const TB = 1e12;
    const first = (Math.min(pictures, 100_000) * bytes) / TB;
    const more = (Math.max(0, pictures - 100_000) * bytes) / TB;
    return (
      ((pictures * bytes) / GB) * PRICES.vectorsStorage.usd +
      searches * (PRICES.vectorsQuery.usd + first * PRICES.vectorsFirst.usd + more * PRICES.vectorsMore.usd)
    );
  },
  /** Our API and function before it, with no index in memory: what a search by picture needs around the vectors. */
  'S3 Vectors behind our API': (month: Month): number => {
    const { compute: _, 'cold starts': __, lists: ___, ...around } = searching({ ...month, pictures: 0 });
    const seconds = MEASURED.secondsPerSearch + MEASURED.secondsPerQueryPicture + 0.1;
    const compute = times(month.searches, lambda(seconds, DEFAULT_MB));
    return total(idle()) + total(add(compute, ...Object.values(around))) + ELSEWHERE['S3 Vectors'](month);
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
    return instances * HOURS * PRICES.instanceHour.usd + total(storing(pictures));
  },
} as const;
