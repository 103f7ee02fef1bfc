/** Embeds pictures that came back one by one, each noted as being in work, so that one which ends the process is known. */

import type { Logger } from '../../vectorlog/logger.ts';
import { ObjectNotFound } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { PictureRejected } from '../decoding/errors.ts';
import { IN_WORK_PREFIX } from '../names.ts';
import type { PutChange } from './change.ts';
import { type EmbedPicturesDeps, embedPictures, type PictureOutcome } from './embed-pictures.ts';
import { type Deadlines, inTime, untilLate } from './in-time.ts';
import { entryName } from './rejections.ts';

interface Notes {
  readonly index: ObjectStore;
  readonly logger: Logger;
}

interface Note {
  readonly key: string;
  readonly eTag: string;
  /** Processes that ended while they had the picture in work. */
  readonly ends: number;
}

/** One end may be chance (the machine was taken away); a second one of the same bytes is not. */
const MOST_ENDS = 2;

/**
 * A process that is killed takes its whole batch with it, and the batch comes back. Embedded one after another, the picture
 * that kills leaves its note: the next process tries it last, and the one after that rejects it, while the others go on.
 *
 * @returns one outcome a change, in order; never rejects
 */
export async function embedOneByOne(
  deps: EmbedPicturesDeps & Notes,
  changes: readonly PutChange[],
  deadlines?: Deadlines,
): Promise<PictureOutcome[]> {
  const known = await Promise.all(changes.map((change) => readNote(deps, change, deadlines?.taking)));
  const order = changes.map((_, i) => i).sort((a, b) => endsOf(known[a]) - endsOf(known[b]));
  const outcomes: PictureOutcome[] = [];
  for (const i of order) outcomes[i] = await embedNoted(deps, changes[i]!, endsOf(known[i]), deadlines);
  return outcomes;
}

/** What a note that is there says; nothing where it is of other bytes, or cannot be read now. */
async function readNote(
  { index, logger }: Notes,
  { key, eTag }: PutChange,
  signal: AbortSignal | undefined,
): Promise<Note | undefined> {
  try {
    const { body } = await inTime(() => index.get(entryName(IN_WORK_PREFIX, key)), untilLate(signal));
    const note = JSON.parse(new TextDecoder().decode(body)) as Note;
    return note.eTag === eTag ? note : undefined;
  } catch (error) {
    if (!(error instanceof ObjectNotFound)) logger.warn('a note could not be read', { key, error });
    return undefined;
  }
}

/** A note that is there at all is of a process that ended: others remove theirs. */
const endsOf = (note: Note | undefined): number => note?.ends ?? 0;

async function embedNoted(
  deps: EmbedPicturesDeps & Notes,
  change: PutChange,
  ends: number,
  deadlines: Deadlines | undefined,
): Promise<PictureOutcome> {
  const { index, logger } = deps;
  const { key, eTag } = change;
  const name = entryName(IN_WORK_PREFIX, key);
  let outcome: PictureOutcome;
  if (ends >= MOST_ENDS) {
    const reason =
      'Decoding the file ended the process that did it, again and again. Save it again as a plain JPEG or PNG.';
    outcome = { state: 'rejected', reason: new PictureRejected('crashed', reason) };
  } else {
    try {
      const note: Note = { key, eTag, ends: ends + 1 };
      const body = new TextEncoder().encode(JSON.stringify(note));
      const write = () => index.put(name, body, { contentType: 'application/json' });
      await inTime(write, untilLate(deadlines?.taking));
    } catch (error) {
      return { state: 'failed', error };
    }
    [outcome] = (await embedPictures(deps, [change], deadlines?.taking)) as [PictureOutcome];
  }
  try {
    await inTime(() => index.delete([name]), deadlines?.beforeAppend);
  } catch (error) {
    logger.warn('a note could not be removed', { key, error });
  }
  return outcome;
}
