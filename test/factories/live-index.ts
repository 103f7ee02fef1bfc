/** A live index over a library, with its store's calls in view and a clock that can be moved. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { type Clock, systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { countingStore } from './counting-store.ts';
import { seededVector } from './fake-embedder.ts';
import type { Library } from './library.ts';

export function liveIndex(
  { index, dimensions }: Pick<Library, 'index' | 'dimensions'>,
  { budgetBytes = 2 ** 30 } = {},
) {
  const store = countingStore(index);
  let skipped = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + skipped };
  const options = { dimensions, store, clock, logger: silentLogger, budgetBytes };
  const loadingFor = (patienceMs: number) => new LiveIndex({ ...options, patienceMs });
  const fresh = () => new LiveIndex(options);
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

/** All keys that a search of a view finds, in order of the alphabet. */
export const keysOf =
  (dimensions: number) =>
  async (view: View): Promise<string[]> => {
    const { found } = await view.search([seededVector('any', dimensions)], { k: 1000 });
    return found[0]!.map(({ entry }) => entry.key).sort();
  };

/** The same, of a view of pictures. */
export const keysIn = keysOf(DIMENSIONS);

/** A promise that somebody else resolves. */
export function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
