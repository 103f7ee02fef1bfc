/** What on-upload does for small copies: those of a batch are written before its append, missing ones when a backfill asks. */

import { versionAfter } from '../../vectorlog/log/record.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { PictureRejected } from '../decoding/errors.ts';
import { writeThumbnail } from '../thumbnails/thumbnails.ts';
import type { Change, ThumbnailChange } from './change.ts';
import { type EmbedPicturesDeps, type PictureOutcome, readInTime } from './embed-pictures.ts';
import { inTime } from './in-time.ts';

/** Small copies of one batch that are written side by side. */
const WRITES_AT_ONCE = 8;

/** A change, and what became of its picture. */
interface Taken {
  readonly change: Change;
  readonly outcome?: PictureOutcome;
}

/**
 * Writes the small copies of a batch. Never rejects: a picture without one is indexed all the same, and the next backfill
 * makes it.
 *
 * @param signal When it aborts, nobody waits for what is not written yet.
 */
export async function writeThumbnails(
  { index, logger }: { readonly index: ObjectStore; readonly logger: Logger },
  taken: readonly Taken[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await mapInParallel(WRITES_AT_ONCE, taken, async ({ change, outcome }) => {
    if (change.op !== 'put' || outcome?.state !== 'embedded' || !outcome.thumbnail) return;
    const { thumbnail } = outcome;
    const about = { key: change.key, eTag: change.eTag, version: versionAfter(change) };
    try {
      await inTime(() => writeThumbnail(index, about, thumbnail), signal);
    } catch (error) {
      logger.warn('a thumbnail could not be written', { key: change.key, error });
    }
  });
}

/** Makes the small copy of a picture that is indexed without; of one that has changed since, nothing. */
export async function makeThumbnail(
  { thumbnail, pictures, index, logger }: EmbedPicturesDeps & { readonly index: ObjectStore },
  change: ThumbnailChange,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!thumbnail) return;
  const picture = await readInTime(pictures, change, signal);
  if (!('body' in picture)) return;
  try {
    const made = await inTime(() => thumbnail(picture.body), signal);
    await inTime(() => writeThumbnail(index, change, made), signal);
  } catch (error) {
    if (!(error instanceof PictureRejected)) throw error;
    logger.warn('a picture has no thumbnail', { key: change.key, error });
  }
}
