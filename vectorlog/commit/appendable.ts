/** Whether an index may be appended to: one of another origin must not be, one whose manifests are damaged may. */

import type { Clock } from '../clock.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexDamaged, IndexForeign, IndexRefused } from './errors.ts';
import { assertOrigin, type Origin } from './manifest.ts';
import { newestManifest } from './newest-manifest.ts';

/** A manifest that was found good is not looked at again for so long: one list a minute for a busy writer. */
const TRUSTED_MS = 60_000;

/** When the index of each store was last found good. */
const trusted = new WeakMap<ObjectStore, number>();

/**
 * Lets pass when the index is one that may be appended to, or is yet to begin. A damaged manifest is passed over: the log
 * needs none, and keeps what is appended until there is a good one. Where none can be read, nobody knows the origin.
 *
 * @throws IndexRefused when the index is of another model, store or source, or of a later version; worth trying again,
 *   since somebody can mend it, and what waits must not be given up until then
 */
export async function assertAppendable(
  store: ObjectStore,
  clock: Pick<Clock, 'now'>,
  origin: Origin,
): Promise<void> {
  const now = clock.now();
  if (Math.abs(now - (trusted.get(store) ?? Number.NEGATIVE_INFINITY)) < TRUSTED_MS) return;
  try {
    const { committed } = await newestManifest(store);
    if (committed) assertOrigin(committed.manifest, origin);
  } catch (cause) {
    if (cause instanceof IndexDamaged) return;
    if (!(cause instanceof IndexForeign)) throw cause;
    throw new IndexRefused(`nothing is appended to this index: ${cause.message}`, { cause });
  }
  trusted.set(store, now);
}
