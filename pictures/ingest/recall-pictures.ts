/** Pictures that were indexed under another key keep their embeddings: what was renamed is not embedded again. */

import { LikenessError } from '../../vectorlog/errors.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import type { PutChange } from './change.ts';
import type { Embedded, PictureOutcome } from './embed-pictures.ts';
import { inTime } from './in-time.ts';

/** An embedding that was made of the same bytes before, and what their header told. */
export type Recalled = Pick<Embedded, 'embedding' | 'facts'>;

export interface RecallDeps {
  readonly pictures: Pick<ObjectStore, 'head'>;
  /**
   * Finds the embeddings of pictures that were indexed under other keys, those of a batch together.
   *
   * @default every picture is embedded
   */
  readonly recall?: (changes: readonly PutChange[]) => Promise<ReadonlyMap<PutChange, Recalled>>;
  readonly logger: Logger;
}

/** Pictures that are looked at side by side. */
const LOOKS_AT_ONCE = 16;

/**
 * What became of those pictures that need no embedding, by their changes; the others are to be embedded. An index that
 * can be read soon is waited for: its error is that of every picture of the batch. Never rejects.
 *
 * @param signal When it aborts, what is not known yet fails with `OutOfTime`.
 */
export async function recallPictures(
  { recall, pictures, logger }: RecallDeps,
  changes: readonly PutChange[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<PutChange, PictureOutcome>> {
  const outcomes = new Map<PutChange, PictureOutcome>();
  if (!recall || changes.length === 0) return outcomes;
  try {
    const recalled = [...(await inTime(() => recall(changes), signal))];
    await mapInParallel(LOOKS_AT_ONCE, recalled, async ([change, known]) => {
      const object = await inTime(() => pictures.head(change.key), signal);
      if (object?.eTag === change.eTag) outcomes.set(change, { state: 'embedded', object, ...known });
    });
    return outcomes;
  } catch (error) {
    if (error instanceof LikenessError && error.retryable)
      return new Map(changes.map((change) => [change, { state: 'failed', error }]));
    logger.warn('the embeddings of renamed pictures are not known; they are embedded anew', { error });
    return outcomes;
  }
}
