/** How much of the log a search leaves out, told by the list of it and the newest manifest, without reading the index. */

import { readManifest } from '../commit/manifest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { fitting } from './follower.ts';
import { neededBytes } from './memory.ts';
import { StoreStateReader } from './store-state.ts';

/**
 * Appends that wait to be folded and that a search does not take in, as they no longer fit beside the index: at the least,
 * since it may hold rows of an older index for a while.
 *
 * @param store the namespace of one model
 * @param memory.budgetBytes what index and log may take in the memory of a search together
 * @throws IndexDamaged, StoreUnavailable
 */
export async function leftOut(
  store: ObjectStore,
  { dimensions, budgetBytes }: { readonly dimensions: number; readonly budgetBytes: number },
): Promise<number> {
  const { appends, commits } = await new StoreStateReader(store).look();
  const latest = commits.at(-1);
  const manifest = latest && (await readManifest(store, latest.generation));
  const folded = new Set(manifest?.folded.map(({ name }) => name));
  const unfolded = appends.filter(({ name }) => !folded.has(name));
  const spare = budgetBytes - (manifest ? neededBytes(manifest, dimensions) : 0);
  return unfolded.length - fitting(unfolded, spare).length;
}
