/** Finds what changed in the folder while nobody watched, by comparing it with the index. */

import { listRejections } from '../core/ingest/rejections.ts';
import type { LiveIndex } from '../core/live-index/live-index.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import type { FolderEvents } from './folder-events.ts';
import type { Sequencer } from './sequencer.ts';

export interface CompareDeps {
  readonly pictures: ObjectStore;
  /** The index store, in the model's namespace. */
  readonly store: ObjectStore;
  readonly index: LiveIndex;
  readonly events: FolderEvents;
  readonly sequencer: Sequencer;
}

/** Pictures that are to be indexed, and those that are to be forgotten. */
export interface Differences {
  readonly toIndex: number;
  readonly toForget: number;
}

/** Sends an event for each difference. What could not be indexed before is not tried again before it changes. */
export async function compareFolder(deps: CompareDeps): Promise<Differences> {
  const { pictures, events } = deps;
  const missing = await rememberIndexed(deps);
  let toIndex = 0;
  for await (const page of pictures.list({ prefix: '' })) {
    for (const { key, eTag } of page) {
      missing.delete(key);
      if (events.knows(key, eTag)) continue;
      toIndex++;
      await events.look(key);
    }
  }
  for (const key of missing) await events.look(key);
  return { toIndex, toForget: missing.size };
}

/** Tells the events what the index has, and what was refused; gives the keys of all. */
async function rememberIndexed({ index, store, events, sequencer }: CompareDeps): Promise<Set<string>> {
  const keys = new Set<string>();
  const remember = (key: string, eTag: string, version: string | undefined) => {
    keys.add(key);
    events.remember(key, eTag);
    if (version) sequencer.passOver(version);
  };
  await index.read('strong', (view) => {
    for (const marker of view.generation.markers.values())
      if (marker.version) sequencer.passOver(marker.version);
    const all = view.list({ prefix: '', after: undefined, limit: view.pictures });
    for (const { key, eTag, version } of all.pictures) remember(key, eTag, version);
  });
  for await (const { key, eTag, version } of listRejections(store)) remember(key, eTag, version);
  return keys;
}
