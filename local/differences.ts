/** Finds what changed in the folder while nobody watched, by comparing it with the index. */

import { reconcile } from '../pictures/ingest/reconcile.ts';
import { listRejections } from '../pictures/ingest/rejections.ts';
import { InFlight } from '../vectorlog/parallel.ts';
import { lookUpIfInReach, type ObjectStore } from '../vectorlog/store/object-store.ts';
import type { FolderEvents } from './folder-events.ts';
import type { Sequencer } from './sequencer.ts';

export interface CompareDeps {
  readonly pictures: ObjectStore;
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly events: FolderEvents;
  readonly sequencer: Sequencer;
  /** Whether a file can be read that could not be when it was rejected. */
  readonly isReadable: (key: string) => Promise<boolean>;
  /** Whether events are on their way that the index does not show yet. */
  readonly isBusy: () => boolean;
  readonly signal: AbortSignal;
}

/** Pictures that are to be indexed, and those that are to be forgotten. */
export interface Differences {
  readonly toIndex: number;
  readonly toForget: number;
}

/** Looks that are asked for together. */
const LOOKS_AT_ONCE = 64;

interface Difference {
  readonly key: string;
  /** Of the index, if it has the picture. */
  readonly eTag: string | undefined;
}

/** All that differs, found before anything is done about it, so that it is known how much there is to do. */
interface Found {
  readonly there: readonly Difference[];
  readonly gone: readonly Difference[];
}

/**
 * Looks at each difference, which sends its event. What could not be indexed before is not tried again before it
 * changes, but for files that could not be read.
 *
 * @param onFound called when all is compared, before the first event
 */
export async function compareFolder(
  deps: CompareDeps,
  onFound: (differences: Differences) => void = () => {},
): Promise<Differences> {
  const { there, gone } = await find(deps);
  const differences = { toIndex: there.length, toForget: gone.length };
  onFound(differences);
  // What was renamed meanwhile is known again by what is gone, as long as that is not forgotten.
  const different = [...there, ...gone];
  for (const { key, eTag } of different) if (eTag !== undefined) deps.events.remember(key, eTag);
  const looks = new InFlight(LOOKS_AT_ONCE);
  for (const { key, eTag } of different) {
    if (deps.signal.aborted) break;
    if (eTag === undefined) deps.events.forget(key);
    await looks.begin(() => deps.events.look(key, 'in-time'));
  }
  await looks.done();
  return differences;
}

async function find({
  pictures,
  index,
  events,
  sequencer,
  isReadable,
  isBusy,
  signal,
}: CompareDeps): Promise<Found> {
  const there: Difference[] = [];
  const gone: Difference[] = [];
  for await (const { key, verdict, known, picture } of reconcile({ pictures, index })) {
    signal.throwIfAborted();
    if (known.state !== 'absent' && known.version !== undefined) sequencer.passOver(known.version);
    const eTag = known.state === 'live' ? known.eTag : undefined;
    if (verdict === 'same') {
      if (picture) events.remember(key, picture.eTag);
      continue;
    }
    // Its event has been sent and is not done yet.
    if (picture && isBusy() && events.knows(key, picture.eTag)) continue;
    (verdict === 'gone' ? gone : there).push({ key, eTag });
  }
  // The comparison tells nothing of a picture that was rejected and is gone by now: it is in neither.
  for await (const { key, eTag, code, version } of listRejections(index)) {
    signal.throwIfAborted();
    if (version !== undefined) sequencer.passOver(version);
    const found = await lookUpIfInReach(pictures, key);
    if (found === 'out-of-reach' || (found && found.eTag !== eTag)) continue;
    if (!found) gone.push({ key, eTag });
    else if (isBusy() && events.knows(key, eTag)) continue;
    else if (code === 'not-readable' && (await isReadable(key))) there.push({ key, eTag: undefined });
  }
  return { there, gone };
}
