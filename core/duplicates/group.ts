/** One group of duplicates, followed from its first picture to all that are tied to it. */

import { SEARCH_LIMITS } from '../limits.ts';
import type { Hit } from '../scan/hit.ts';
import { MAX_QUERIES } from '../scan/layout.ts';
import type { Neighbours } from './find-duplicates.ts';

/** Pictures in one group: as many as one search can find. */
const MAX_GROUP = SEARCH_LIMITS.maxK;

export interface DuplicateGroup {
  /** Ascending; two or more. */
  readonly rows: readonly number[];
  /** Every picture of the group is at least this much like another one of it. */
  readonly minScore: number;
}

/**
 * Follows the ties from `first` until no new picture comes.
 *
 * @param hits the neighbours of `first`, all of them later rows
 * @returns `undefined` when the group has a row before `first`, with which it comes instead
 */
export async function completeGroup(
  first: number,
  hits: readonly Hit[],
  neighbours: Neighbours,
): Promise<DuplicateGroup | undefined> {
  /** Each member's best score with another one. */
  const best = new Map<number, number>([[first, hits[0]!.score]]);
  for (const { row, score } of hits) best.set(row, score);
  const waiting = hits.map(({ row }) => row);
  while (waiting.length > 0 && best.size < MAX_GROUP) {
    const some = waiting.splice(0, MAX_QUERIES);
    const found = await neighbours(some);
    for (const [i, member] of some.entries()) {
      for (const { row, score } of found[i]!) {
        if (row < first) return undefined;
        if (!best.has(row)) {
          if (best.size === MAX_GROUP) continue;
          waiting.push(row);
        }
        best.set(row, Math.max(score, best.get(row) ?? score));
        best.set(member, Math.max(score, best.get(member)!));
      }
    }
  }
  return { rows: [...best.keys()].sort((a, b) => a - b), minScore: Math.min(...best.values()) };
}
