/** Finds what changed in the folder while nobody watched, by comparing it with the index. */

import { compare } from '../pictures/ingest/compare.ts';
import { listRejections } from '../pictures/ingest/rejections.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import type { FolderEvents } from './folder-events.ts';
import type { Sequencer } from './sequencer.ts';

export interface CompareDeps {
  readonly pictures: ObjectStore;
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly events: FolderEvents;
  readonly sequencer: Sequencer;
}

/** Pictures that are to be indexed, and those that are to be forgotten. */
export interface Differences {
  readonly toIndex: number;
  readonly toForget: number;
}

/** Sends an event for each difference. What could not be indexed before is not tried again before it changes. */
export async function compareFolder({
  pictures,
  index,
  events,
  sequencer,
}: CompareDeps): Promise<Differences> {
  let toIndex = 0;
  let toForget = 0;
  for await (const { key, verdict, known, picture } of compare({ pictures, index })) {
    // An event must come after all that the index knows of its key, whatever the clock says now.
    if (known.state !== 'absent' && known.version !== undefined) sequencer.passOver(known.version);
    const eTag = verdict === 'same' ? picture?.eTag : known.state === 'live' ? known.eTag : undefined;
    if (eTag !== undefined) events.remember(key, eTag);
    if (verdict === 'same') continue;
    if (verdict === 'gone') toForget++;
    else toIndex++;
    await events.look(key);
  }
  // The comparison tells nothing of a picture that was rejected and is gone by now: it is in neither.
  for await (const { key, eTag } of listRejections(index)) {
    if (await pictures.head(key)) continue;
    toForget++;
    events.remember(key, eTag);
    await events.look(key);
  }
  return { toIndex, toForget };
}
