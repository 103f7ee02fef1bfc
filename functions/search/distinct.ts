/** Results of which none is nearly a copy of a better one: by the verdicts on their pixels, or else by their scores. */

import { type Decisions, NotDuplicates } from '../../pictures/duplicates/decisions.ts';
import { fingerprintId } from '../../pictures/duplicates/fingerprints.ts';
import { isSame, type Verifier } from '../../pictures/duplicates/verifier.ts';
import type { Found } from '../../vectorlog/read/view.ts';
import { innerProduct } from '../../vectorlog/scan/hit.ts';
import type { SearchView } from './engine.ts';
import { SEARCH_LIMITS } from './limits.ts';

/** From this score on two pictures that nobody has compared count as copies. */
const COPY_SCORE = 0.97;
/** Better results that each one is compared with: copies of a picture score alike, so they stand near each other. */
const NEAR = 48;
/** Results that are looked at beyond those that are wanted, for a first try. */
const MORE = 50;

/** A result, and how many of those below it that were looked at are nearly copies of it. */
export interface DistinctResult extends Found {
  readonly copies: number;
}

/**
 * The first `wanted` results without copies of better ones. Looks at more results until it has them all.
 *
 * @param find the best `k` results
 */
export async function distinctResults(
  find: (k: number) => Promise<readonly Found[]>,
  wanted: number,
  areCopies: (one: Found, other: Found) => Promise<boolean>,
): Promise<DistinctResult[]> {
  for (let k = Math.min(wanted * 2 + MORE, SEARCH_LIMITS.maxK); ; k = Math.min(k * 4, SEARCH_LIMITS.maxK)) {
    const found = await find(k);
    const firsts: (Found & { copies: number })[] = [];
    for (const each of found) {
      const first = await firstThat(firsts.slice(-NEAR), (better) => areCopies(better, each));
      if (first) first.copies++;
      else firsts.push({ ...each, copies: 0 });
    }
    if (firsts.length >= wanted || found.length < k || k === SEARCH_LIMITS.maxK)
      return firsts.slice(0, wanted);
  }
}

async function firstThat<T>(
  items: readonly T[],
  holds: (item: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const item of items) if (await holds(item)) return item;
  return undefined;
}

/** What makes two pictures copies: nobody said that they are not, and their pixels were found the same, or they score so. */
export function copiesIn(
  view: Pick<SearchView, 'embedding'>,
  verdicts: Verifier,
  { notDuplicates }: Decisions,
) {
  const told = new NotDuplicates(notDuplicates);
  const ids = new Map<Found['entry'], string>();
  const embeddings = new Map<string, Float32Array | undefined>();
  const idOf = (entry: Found['entry']): string => {
    const id = ids.get(entry) ?? fingerprintId(entry);
    ids.set(entry, id);
    return id;
  };
  const embeddingOf = async (key: string): Promise<Float32Array | undefined> => {
    if (!embeddings.has(key)) embeddings.set(key, await view.embedding(key));
    return embeddings.get(key);
  };
  return async ({ entry: one }: Found, { entry: other }: Found): Promise<boolean> => {
    if (told.has(one.key, other.key)) return false;
    const confidence = verdicts.known(idOf(one), idOf(other));
    if (confidence !== undefined) return isSame(confidence);
    const [a, b] = [await embeddingOf(one.key), await embeddingOf(other.key)];
    return a !== undefined && b !== undefined && innerProduct(a, b) >= COPY_SCORE;
  };
}
