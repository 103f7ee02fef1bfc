/** How well duplicates are found: copies of originals are looked for in a gallery, and every wrong pair counts. */

import { prepare } from '../../pictures/duplicates/compare.ts';
import { confidenceOf, measuresOf } from '../../pictures/duplicates/verdict.ts';
import { CANDIDATES, comparisonOf, isSame } from '../../pictures/duplicates/verifier.ts';
import { CHANGES } from './changes.ts';
import type { Labelled } from './fit.ts';
import type { Sample, SampleCache } from './library.ts';
import type { Chosen, Kind } from './originals.ts';

export interface DuplicateQuality {
  readonly originals: number;
  readonly copies: number;
  readonly gallery: number;
  /** Copies whose original is among the pairs at or above the lowest threshold at which 99 % of the pairs are right. */
  readonly recall_at_p99: number;
  readonly light_recall_at_p99: number;
  readonly rendered_recall_at_p99: number;
  readonly photo_recall_at_p99: number;
  /** Copies whose original is the nearest picture by the model alone. */
  readonly first_neighbour: number;
  /** At the threshold that the product uses: copies found, and the part of the pairs that is right. */
  readonly recall: number;
  readonly precision: number;
  /** Of all pairs of originals that were looked at, those that were taken for the same picture: each one is wrong. */
  readonly false_pairs_of_originals: number;
  readonly pairs_of_originals: number;
  readonly recall_by_change: Readonly<Record<string, number>>;
  readonly ms_per_pair: number;
}

interface Pair {
  readonly query: Sample;
  readonly found: Sample;
  readonly confidence: number;
  readonly labelled: Labelled;
}

/** Which of a pair of measurements of a picture counts: only a picture's best match is one. */
export async function measureDuplicates(
  { originals, gallery }: Chosen,
  cache: SampleCache,
): Promise<{ quality: DuplicateQuality; labelled: Labelled[] }> {
  const shelf: Sample[] = [];
  for (const source of gallery) shelf.push(...(await cache.samples(source, false)));
  const prepared = shelf.map(({ fingerprint }) => prepare(fingerprint));
  let [pairs, ms, first] = [0, 0, 0];
  const labelled: Labelled[] = [];

  /** The pairs of a query that could count, the best first. */
  const look = (query: Sample, nearest: { at: number; score: number }[]): Pair[] => {
    const ready = prepare(query.fingerprint);
    const judged: Pair[] = [];
    for (const { at, score } of nearest) {
      const started = performance.now();
      const comparison = comparisonOf(prepared[at]!, ready);
      const confidence = comparison ? confidenceOf(comparison, score) : 0;
      ms += performance.now() - started;
      pairs++;
      const right = shelf[at]!.source.name === query.source.name;
      const each = { measures: comparison ? measuresOf(comparison, score) : [], isSame: right };
      if (comparison) labelled.push(each);
      judged.push({ query, found: shelf[at]!, confidence, labelled: each });
    }
    return judged.sort((one, other) => other.confidence - one.confidence);
  };
  const neighbours = (query: Sample, but?: Sample) =>
    shelf
      .map((sample, at) => ({ at, score: product(sample.embedding, query.embedding) }))
      .filter(({ at }) => shelf[at] !== but)
      .sort((one, other) => other.score - one.score)
      .slice(0, CANDIDATES.nearest);

  const copies: Sample[] = [];
  const best: Pair[] = [];
  for (const source of originals) {
    for (const copy of (await cache.samples(source, true)).slice(1)) {
      copies.push(copy);
      const nearest = neighbours(copy);
      if (shelf[nearest[0]!.at]!.source.name === source.name) first++;
      const [top] = look(copy, nearest);
      if (top) best.push(top);
    }
  }
  let [falsePairs, originalPairs] = [0, 0];
  for (const sample of shelf) {
    for (const { confidence } of look(sample, neighbours(sample, sample).slice(0, 4))) {
      originalPairs++;
      if (isSame(confidence)) falsePairs++;
    }
  }

  const recallAt = (wanted: (copy: Sample) => boolean): number => {
    const some = best.filter(({ query }) => wanted(query)).sort((a, b) => b.confidence - a.confidence);
    let [right, most] = [0, 0];
    for (const [
      i,
      {
        labelled: { isSame },
      },
    ] of some.entries()) {
      if (isSame) right++;
      if (right / (i + 1) >= 0.99) most = right;
    }
    return round(most / Math.max(1, copies.filter(wanted).length));
  };
  const kind = (name: Kind) => (copy: Sample) => copy.source.kind === name;
  const taken = best.filter(({ confidence }) => isSame(confidence));
  const right = taken.filter(({ labelled }) => labelled.isSame);
  return {
    labelled,
    quality: {
      originals: originals.length,
      copies: copies.length,
      gallery: shelf.length,
      recall_at_p99: recallAt(() => true),
      light_recall_at_p99: recallAt(({ change }) => CHANGES[change]!.light),
      rendered_recall_at_p99: recallAt(kind('rendered')),
      photo_recall_at_p99: recallAt(kind('photo')),
      first_neighbour: round(first / copies.length),
      recall: round(right.length / copies.length),
      precision: round(right.length / Math.max(1, taken.length)),
      false_pairs_of_originals: falsePairs,
      pairs_of_originals: originalPairs,
      recall_by_change: Object.fromEntries(
        CHANGES.map(({ name }, i) => {
          const found = right.filter(({ query }) => query.change === i).length;
          return [name, round(found / originals.length)];
        }),
      ),
      ms_per_pair: round(ms / pairs),
    },
  };
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
