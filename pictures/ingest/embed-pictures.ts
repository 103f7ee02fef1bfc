/** From changes to embeddings: reads the pictures as the events saw them, and embeds what is there. */

import type { Logger } from '../../vectorlog/logger.ts';
import {
  ObjectNotFound,
  ObjectTooLarge,
  ObjectUnreadable,
  PreconditionFailed,
} from '../../vectorlog/store/errors.ts';
import type { ObjectStore, StoredObject } from '../../vectorlog/store/object-store.ts';
import { PictureRejected } from '../decoding/errors.ts';
import type { PictureFacts } from '../decoding/facts.ts';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import type { Embedder } from '../embedding/embedder.ts';
import type { MakeThumbnail, Thumbnail } from '../thumbnails/thumbnails.ts';
import type { PutChange } from './change.ts';
import { inTime, untilLate } from './in-time.ts';
import { INGEST_LIMITS } from './limits.ts';

export interface Embedded {
  readonly state: 'embedded';
  readonly embedding: Float32Array;
  readonly facts: PictureFacts | undefined;
  readonly object: Omit<StoredObject, 'body'>;
  /** Its small copy, where they are made and it could be. */
  readonly thumbnail?: Thumbnail | undefined;
}

/** What became of one picture. */
export type PictureOutcome =
  | Embedded
  /** It can never be indexed. */
  | { readonly state: 'rejected'; readonly reason: PictureRejected }
  /** It has been deleted or replaced since; a newer event tells of that. */
  | { readonly state: 'gone' }
  /** Neither is known; trying again may help. */
  | { readonly state: 'failed'; readonly error: unknown };

export interface EmbedPicturesDeps {
  readonly pictures: ObjectStore;
  readonly embedder: Embedder;
  /** @default no small copies are made */
  readonly thumbnail?: MakeThumbnail | undefined;
  /** Is given each file that was embedded; never rejects. */
  readonly onEmbedded?: (picture: Pick<PutChange, 'key' | 'eTag'>, file: Uint8Array) => Promise<void>;
  readonly logger: Logger;
}

/**
 * Reads and embeds pictures, one outcome a change, in order. Never rejects.
 *
 * Pictures are taken in portions that together fit in memory; a portion is read and embedded side by side.
 *
 * @param signal When it aborts, what is not embedded yet fails with `OutOfTime`.
 */
export async function embedPictures(
  deps: EmbedPicturesDeps,
  changes: readonly PutChange[],
  signal?: AbortSignal,
): Promise<PictureOutcome[]> {
  const outcomes: PictureOutcome[] = [];
  for (const portion of portions(changes)) {
    outcomes.push(...(await Promise.all(portion.map((change) => embedPicture(deps, change, signal)))));
  }
  return outcomes;
}

function* portions(changes: readonly PutChange[]): Iterable<PutChange[]> {
  let portion: PutChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    if (portion.length > 0 && bytes + change.size > INGEST_LIMITS.maxBytesInMemory) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(change);
    bytes += change.size;
  }
  if (portion.length > 0) yield portion;
}

async function embedPicture(
  deps: EmbedPicturesDeps,
  change: PutChange,
  signal?: AbortSignal,
): Promise<PictureOutcome> {
  try {
    const picture = await readInTime(deps.pictures, change, signal);
    if (!('body' in picture)) return picture;
    const { body, ...object } = picture;
    // The embedder runs those together that wait together.
    const options = { thumbnail: deps.thumbnail !== undefined };
    const [outcome] = await inTime(() => deps.embedder.embed([body], options), signal);
    if (outcome!.rejected) return { state: 'rejected', reason: outcome!.rejected };
    const { embedding, facts } = outcome!;
    const thumbnail = outcome!.thumbnail ?? (await thumbnailOf(deps, change.key, body, signal));
    await deps.onEmbedded?.(change, body);
    return { state: 'embedded', embedding, facts, object, thumbnail };
  } catch (error) {
    return { state: 'failed', error };
  }
}

/** A picture that can be searched by is worth more than its small copy: without one it is indexed all the same. */
async function thumbnailOf(
  { thumbnail, logger }: EmbedPicturesDeps,
  key: string,
  file: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Thumbnail | undefined> {
  try {
    return thumbnail && (await inTime(() => thumbnail(file), signal));
  } catch (error) {
    logger.warn('a picture is indexed without a thumbnail', { key, error });
    return undefined;
  }
}

/** Reads a picture, unless that takes so long that those behind it would have no time. @throws OutOfTime */
export function readInTime(
  pictures: ObjectStore,
  change: Pick<PutChange, 'key' | 'eTag' | 'size'>,
  deadline: AbortSignal | undefined,
): Promise<StoredObject | PictureOutcome> {
  const late = untilLate(deadline);
  return inTime(() => readPicture(pictures, change, late), late);
}

async function readPicture(
  pictures: ObjectStore,
  change: Pick<PutChange, 'key' | 'eTag' | 'size'>,
  signal: AbortSignal | undefined,
): Promise<StoredObject | PictureOutcome> {
  if (change.size > PICTURE_LIMITS.maxBytesOfLargeKinds)
    return { state: 'rejected', reason: tooManyBytes(change.size) };
  try {
    const maxBytes = PICTURE_LIMITS.maxBytesOfLargeKinds;
    return await pictures.get(change.key, { ifMatch: change.eTag, maxBytes, ...(signal && { signal }) });
  } catch (error) {
    // Whoever told of it was wrong about its size, or did not say it.
    if (error instanceof ObjectTooLarge) return { state: 'rejected', reason: tooManyBytes(error.size) };
    if (error instanceof ObjectNotFound || error instanceof PreconditionFailed) return { state: 'gone' };
    if (error instanceof ObjectUnreadable && (await isOfThisPicture(error, pictures)))
      return { state: 'rejected', reason: unreadable(error) };
    throw error;
  }
}

/** Other pictures that are tried when one may not be read. */
const OTHERS = 5;

/** Whether it is the picture that cannot be read, rather than the whole bucket: a lost permission rejects nothing. */
async function isOfThisPicture({ key, obstacle }: ObjectUnreadable, pictures: ObjectStore): Promise<boolean> {
  if (obstacle !== 'forbidden') return true;
  for await (const page of pictures.list({ prefix: '' })) {
    const others = page.filter((other) => other.key !== key && other.size > 0 && !other.isArchived);
    const reads = others.slice(0, OTHERS).map((other) => pictures.read(other.key, { start: 0, end: 1 }));
    return (await Promise.allSettled(reads)).some(({ status }) => status === 'fulfilled');
  }
  return false;
}

const UNREADABLE = {
  archived: ['archived', 'the picture is in an archive; restore it, and it is indexed by itself'],
  encrypted: [
    'not-readable',
    'the picture is encrypted with a key that its readers have to bring (SSE-C); upload it without',
  ],
  forbidden: [
    'not-readable',
    'the bucket lets its other pictures be read, and not this one; allow it, then run "likeness backfill"',
  ],
  permissions: ['not-readable', 'this user may not read the file; change its permissions or its owner'],
} as const;

/** The rejection of a picture whose file is too large to be read. */
export function tooManyBytes(size: number): PictureRejected {
  const reason = `the file has ${size} bytes, ${PICTURE_LIMITS.maxBytesOfLargeKinds} is the most; upload a smaller version`;
  return new PictureRejected('too-many-bytes', reason);
}

/** The rejection of a picture that its bucket has and does not give out. */
export function unreadable(error: ObjectUnreadable): PictureRejected {
  const [code, message] = UNREADABLE[error.obstacle];
  return new PictureRejected(code, message, { cause: error });
}
