/** A live index over a library, with its store's calls in view and a clock that can be moved. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { type Clock, systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { countingStore } from './counting-store.ts';
import { seededVector } from './fake-embedder.ts';
import type { Library } from './library.ts';

export function liveIndex(books: Pick<Library, 'index'>, { budgetBytes = 2 ** 30 } = {}) {
  const store = countingStore(books.index);
  let skipped = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + skipped };
  const loadingFor = (patienceMs: number) =>
    new LiveIndex({ dimensions: DIMENSIONS, store, clock, logger: silentLogger, budgetBytes, patienceMs });
  const fresh = () =>
    new LiveIndex({ dimensions: DIMENSIONS, store, clock, logger: silentLogger, budgetBytes });
  return {
    store,
    index: fresh(),
    /** Another one, whose readers do not wait for longer than this. */
    loadingFor,
    /** Another one over the same store, with nothing in memory. */
    fresh,
    skip: (ms: number) => {
      skipped += ms;
    },
  };
}

/** All keys that a search of the view finds, in order of the alphabet. */
export async function keysIn(view: View): Promise<string[]> {
  const { found } = await view.search([seededVector('any')], { k: 1000 });
  return found[0]!.map(({ entry }) => entry.key).sort();
}

/** A promise that somebody else resolves. */
export function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
