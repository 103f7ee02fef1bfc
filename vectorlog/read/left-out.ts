/** What keeps a search from taking all in, told by a list of log and commits and the newest manifest, without reading the index. */

import { type Damage, ManifestReader } from '../commit/newest-manifest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { fitting } from './follower.ts';
import { neededBytes } from './memory.ts';
import { StoreStateReader } from './store-state.ts';

export interface LeftOut {
  /**
   * Appends that wait to be folded and that a search does not take in, as they no longer fit beside the index: at the least,
   * since it may hold rows of an older index for a while.
   */
  readonly pending: number;
  /** Newest manifests that cannot be read. */
  readonly damage: Damage | undefined;
}

/**
 * @param store the namespace of one model
 * @param memory.budgetBytes what index and log may take in the memory of a search together
 * @throws IndexDamaged, StoreUnavailable
 */
export async function leftOut(
  store: ObjectStore,
  { dimensions, budgetBytes }: { readonly dimensions: number; readonly budgetBytes: number },
): Promise<LeftOut> {
  const { appends, commits } = await new StoreStateReader(store).look();
  const { committed, damage } = await new ManifestReader(store).newest(commits);
  const manifest = committed?.manifest;
  const folded = new Set(manifest?.folded.map(({ name }) => name));
  const unfolded = appends.filter(({ name }) => !folded.has(name));
  const spare = budgetBytes - (manifest ? neededBytes(manifest, dimensions) : 0);
  return { pending: unfolded.length - fitting(unfolded, spare).length, damage };
}
