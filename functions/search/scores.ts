/** What is said about results beyond the best ones: how many pictures score how much, and which are copies of others. */

import { attributesOf } from '../../pictures/attributes.ts';
import { type Decisions, NotDuplicates } from '../../pictures/duplicates/decisions.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import type { Filter } from '../../vectorlog/read/filter.ts';
import { matches } from '../../vectorlog/read/filter.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { innerProduct } from '../../vectorlog/scan/hit.ts';
import { catalogue } from './catalogue.ts';
import type { SearchView } from './engine.ts';
import { SEARCH_LIMITS } from './limits.ts';

const BINS = 50;
/** Embeddings that are in memory at a time. */
const READ_TOGETHER = 1_024;

/**
 * Counts pictures by their score. Of more than `maxHistogramPictures` it looks at as many, evenly spread.
 *
 * @param inSpace takes an embedding to where `query` is
 */
export async function histogramOf(
  query: Float32Array,
  view: View,
  filter: Filter,
  inSpace: (embedding: Float32Array) => Float32Array,
) {
  const all = catalogue(view).filter((picture) =>
    matches(filter, { key: picture.key, attributes: attributesOf(picture) }),
  );
  const every = Math.max(1, all.length / SEARCH_LIMITS.maxHistogramPictures);
  const looked = Math.floor(all.length / every);
  const counts = new Array<number>(BINS).fill(0);
  const keys = Array.from({ length: looked }, (_, at) => all[Math.floor(at * every)]!.key);
  for (let at = 0; at < looked; at += READ_TOGETHER)
    for (const embedding of await view.embeddings(keys.slice(at, at + READ_TOGETHER)))
      if (embedding) counts[binOf(innerProduct(query, inSpace(embedding)))]! += 1;
  return { counts: counts.map((count) => Math.round(count * every)), estimated: every > 1 };
}

const binOf = (score: number): number => Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));

/** Embeddings of results that are read side by side. */
const READS_AT_ONCE = 48;
/** Results that are compared with each new one: copies of a picture score alike, so they stand near each other. */
const NEAR = 48;

/**
 * For each result the better one that it is nearly a copy of.
 *
 * @param decided what people said of pictures that are no duplicates; asked for only when some look like it
 */
export async function stacksOf(
  keys: readonly string[],
  minScore: number,
  view: Pick<SearchView, 'embedding'>,
  decided: () => Promise<Pick<Decisions, 'notDuplicates'>>,
): Promise<ReadonlyMap<string, string>> {
  const stackedOn = new Map<string, string>();
  const tops: { key: string; embedding: Float32Array }[] = [];
  let told: NotDuplicates | undefined;
  const embeddings = await mapInParallel(READS_AT_ONCE, keys, (key) => view.embedding(key));
  for (const [i, key] of keys.entries()) {
    const embedding = embeddings[i];
    if (!embedding) continue;
    const near = tops.slice(-NEAR).filter((each) => innerProduct(each.embedding, embedding) >= minScore);
    if (near.length > 0) told ??= new NotDuplicates((await decided()).notDuplicates);
    const top = near.find((each) => !told?.has(each.key, key));
    if (top) stackedOn.set(key, top.key);
    else tops.push({ key, embedding });
  }
  return stackedOn;
}
