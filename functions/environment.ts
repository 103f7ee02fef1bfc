/** The environment variables that the functions read, set by `cdk/` and by nothing else. */

import { DEFAULT_FILTER, type PictureFilter, parseEndings } from '../pictures/picture-names.ts';
import { LikenessError } from '../vectorlog/errors.ts';

/** A variable that the function cannot run without is missing or malformed. */
export class EnvironmentInvalid extends LikenessError {
  readonly retryable = false;
}

export const VARIABLES = {
  /** Bucket of the pictures. */
  imagesBucket: 'LIKENESS_IMAGES_BUCKET',
  /** Bucket of log, manifests and index files. */
  indexBucket: 'LIKENESS_INDEX_BUCKET',
  /** Folder that holds `model.onnx` and `model.json`; the layer puts them in /opt/model. */
  modelFolder: 'LIKENESS_MODEL_FOLDER',
  /** The model's namespace in the index, for the functions that have no model. */
  modelId: 'LIKENESS_MODEL_ID',
  /** `on` where the model has random weights, for the function that says so without having it: front. */
  synthetic: 'LIKENESS_SYNTHETIC',
  /** What keys of pictures begin with; empty or absent for the whole bucket. */
  prefix: 'LIKENESS_PREFIX',
  /** What keys of pictures end with, with commas between, or `all`; absent for what is usually called a picture. */
  endings: 'LIKENESS_ENDINGS',
  /** `on`, or `off` where the API signs no uploads, or deletes no pictures. */
  uploads: 'LIKENESS_UPLOADS',
  deletes: 'LIKENESS_DELETES',
  /** `on`, or `off` where no small copies are made of pictures. */
  thumbnails: 'LIKENESS_THUMBNAILS',
  /** JSON: the scopes of which a token must have one to upload or delete; absent where there are none. */
  scopes: 'LIKENESS_SCOPES',
  /** Days after which the bucket's own rule removes deleted pictures; absent when nothing is known of one. */
  keptDays: 'LIKENESS_KEPT_DAYS',
  /** URLs of on-upload's queue and of its dead letters; absent when S3 calls on-upload itself. */
  uploadsQueue: 'LIKENESS_UPLOADS_QUEUE',
  deadLetters: 'LIKENESS_DEAD_LETTERS',
  /** Name or ARN of compact, which on-upload wakes; absent where it cannot be called. */
  compactFunction: 'LIKENESS_COMPACT_FUNCTION',
  /** `strong` or `eventual`: what a search does that does not say. */
  consistency: 'LIKENESS_CONSISTENCY',
  /** Megabytes of memory of search, for front; absent where the index is searched in S3 Vectors. */
  searchMemory: 'LIKENESS_SEARCH_MEMORY',
  /** ARN of the index in S3 Vectors; absent where the index is searched in memory. */
  vectorIndex: 'LIKENESS_VECTOR_INDEX',
  /** ARN of the state machine of backfills; absent where there is none. */
  backfill: 'LIKENESS_BACKFILL',
  /** URL of an S3-compatible store in place of AWS. */
  endpoint: 'LIKENESS_S3_ENDPOINT',
} as const;

/** The host that the schedule of `keepWarm` asks; nobody can have it. */
export const KEEP_WARM_HOST = 'keep-warm.invalid';

/** Reads a variable that must be there. @throws EnvironmentInvalid */
export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new EnvironmentInvalid(`the environment variable ${name} is not set`);
  return value;
}

/** Whether small copies are made of pictures, and answers say where they are. */
export const hasThumbnails = (): boolean => process.env[VARIABLES.thumbnails] === 'on';

/** What of the images bucket belongs to the index. */
export function pictureFilter(): PictureFilter {
  const endings = process.env[VARIABLES.endings];
  return {
    prefix: process.env[VARIABLES.prefix] ?? DEFAULT_FILTER.prefix,
    endings: endings ? parseEndings(endings) : DEFAULT_FILTER.endings,
  };
}
