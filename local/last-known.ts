/** What the index knows of pictures that are about to be deleted or replaced; afterwards it forgets them. */

import { knownFacts, seenFacts } from '../pictures/attributes.ts';
import type { Consistency } from '../vectorlog/read/follower.ts';
import type { LiveIndex } from '../vectorlog/read/live-index.ts';
import { within } from './keeper.ts';
import type { Known } from './trash.ts';

/** So long a question is waited for: an index that is being loaded must not hold deletions up. */
const KNOWN_WITHIN_MS = 1_000;

/**
 * Asks what is in memory, and the store only about bytes that memory does not know, as those of an upload a moment ago. While a
 * question is late no other one is asked: of many pictures that go one waits for an index that is being loaded, and not each.
 */
export function lastKnown(live: Pick<LiveIndex, 'read'>): Known {
  let late = 0;
  return async (key, eTag) => {
    if (late > 0) return {};
    const find = async (consistency: Consistency) => {
      const entry = await live.read(consistency, (view) => view.find(key));
      // However old the state is: what is known of the same bytes is true of them.
      return entry?.eTag === eTag ? entry : undefined;
    };
    let isAnswered = false;
    const looking = find('eventual')
      .then(async (entry) => entry ?? (await find('strong')))
      .catch(() => undefined)
      .finally(() => {
        isAnswered = true;
      });
    const entry = await within(looking, KNOWN_WITHIN_MS);
    if (!isAnswered) {
      late++;
      void looking.finally(() => late--);
    }
    return entry ? seenFacts(knownFacts(entry)) : {};
  };
}
