/** From changes to embeddings: reads the pictures as the events saw them, and embeds what is there. */

import { ObjectNotFound, PreconditionFailed } from '../../vectorlog/store/errors.ts';
import type { ObjectStore, StoredObject } from '../../vectorlog/store/object-store.ts';
import { PictureRejected } from '../decoding/errors.ts';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import type { Embedder } from '../embedding/embedder.ts';
import type { PutChange } from './change.ts';
import { OutOfTime } from './errors.ts';
import { INGEST_LIMITS } from './limits.ts';

export interface Embedded {
  readonly state: 'embedded';
  readonly embedding: Float32Array;
  readonly object: Omit<StoredObject, 'body'>;
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

interface Deps {
  readonly pictures: ObjectStore;
  readonly embedder: Embedder;
}

/**
 * Reads and embeds pictures, one outcome a change, in order. Never rejects.
 *
 * Pictures are taken in portions that together fit in memory; a portion is read and embedded side by side.
 *
 * @param signal When it aborts, what is not embedded yet fails with `OutOfTime`.
 */
export async function embedPictures(
  deps: Deps,
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

async function embedPicture(deps: Deps, change: PutChange, signal?: AbortSignal): Promise<PictureOutcome> {
  try {
    const picture = await readPicture(deps.pictures, change);
    if (!('body' in picture)) return picture;
    const { body, ...object } = picture;
    // The embedder runs those together that wait together.
    const [outcome] = await inTime(deps.embedder.embed([body]), signal);
    const { rejected, embedding } = outcome!;
    return rejected ? { state: 'rejected', reason: rejected } : { state: 'embedded', embedding, object };
  } catch (error) {
    return { state: 'failed', error };
  }
}

/** The result of `work`; or `OutOfTime`, and then nobody waits for the work any more. */
async function inTime<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return work;
  const over = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new OutOfTime('the run had no time left to embed the picture'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { signal: over.signal });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

async function readPicture(pictures: ObjectStore, change: PutChange): Promise<StoredObject | PictureOutcome> {
  if (change.size > PICTURE_LIMITS.maxBytes) {
    const most = PICTURE_LIMITS.maxBytes;
    const reason = `the file has ${change.size} bytes, ${most} is the most; upload a smaller version`;
    return { state: 'rejected', reason: new PictureRejected('too-many-bytes', reason) };
  }
  try {
    return await pictures.get(change.key, { ifMatch: change.eTag });
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof PreconditionFailed) return { state: 'gone' };
    throw error;
  }
}
