/** From changes to embeddings: reads the pictures as the events saw them, and embeds what is there. */

import type { Embedder } from '../embedding/embedder.ts';
import { PictureRejected } from '../embedding/errors.ts';
import { INGEST_LIMITS, PICTURE_LIMITS } from '../limits.ts';
import type { Logger } from '../logger.ts';
import { ObjectNotFound, PreconditionFailed } from '../storage/errors.ts';
import type { ObjectStore, StoredObject } from '../storage/object-store.ts';
import type { PutChange } from './change.ts';

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
  readonly logger: Logger;
}

/**
 * Reads and embeds pictures, one outcome a change, in order. Never rejects.
 *
 * Pictures are taken in portions that together fit in memory; a portion is read side by side and embedded as one.
 */
export async function embedPictures(deps: Deps, changes: readonly PutChange[]): Promise<PictureOutcome[]> {
  const outcomes: PictureOutcome[] = [];
  for (const portion of portions(changes)) outcomes.push(...(await embedPortion(deps, portion)));
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

async function embedPortion(deps: Deps, changes: readonly PutChange[]): Promise<PictureOutcome[]> {
  const read = await Promise.all(changes.map((change) => readPicture(deps.pictures, change)));
  const there = read.filter((picture) => 'body' in picture);
  const embedded = await embedAll(deps, there);
  return read.map((picture) => ('body' in picture ? embedded.get(picture)! : picture));
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
    const gone = error instanceof ObjectNotFound || error instanceof PreconditionFailed;
    return gone ? { state: 'gone' } : { state: 'failed', error };
  }
}

/** Embeds as one batch; should the batch fail as a whole, one by one, so that a picture costs no neighbour. */
async function embedAll(
  { embedder, logger }: Deps,
  objects: readonly StoredObject[],
): Promise<Map<StoredObject, PictureOutcome>> {
  const outcomes = new Map<StoredObject, PictureOutcome>();
  const embed = async (batch: readonly StoredObject[]) => {
    const results = await embedder.embed(batch.map(({ body }) => body));
    for (const [i, { body: _, ...object }] of batch.entries()) {
      const { rejected, embedding } = results[i]!;
      outcomes.set(
        batch[i]!,
        rejected ? { state: 'rejected', reason: rejected } : { state: 'embedded', embedding, object },
      );
    }
  };
  if (objects.length === 0) return outcomes;
  try {
    await embed(objects);
  } catch (error) {
    logger.warn('embedding a batch failed, trying its pictures one by one', { error });
    for (const object of objects)
      await embed([object]).catch((error) => outcomes.set(object, { state: 'failed', error }));
  }
  return outcomes;
}
