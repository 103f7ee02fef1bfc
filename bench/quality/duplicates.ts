/** How well duplicates are found: copies of originals are looked for in a gallery, and every wrong pair counts. */

import type { Fingerprint } from '../../pictures/duplicates/fingerprint.ts';
import { prepare } from '../../pictures/duplicates/prepared.ts';
import { confidenceOf, isSurest, measuresOf } from '../../pictures/duplicates/verdict.ts';
import { CANDIDATES, comparisonOf, isSame } from '../../pictures/duplicates/verifier.ts';
import { CHANGES } from './changes.ts';
import { type Labelled, learn } from './fit.ts';
import type { Sample, SampleCache } from './library.ts';
import type { Chosen } from './originals.ts';
import type { Kind } from './source.ts';

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
  /** `undefined` where nothing of the one is seen in the other. */
  readonly labelled: Labelled | undefined;
}

interface Judged extends Pair {
  readonly confidence: number;
  readonly isRight: boolean;
}

/**
 * Measures pairs of copies with a gallery, and of the gallery with itself. A pair counts by the product's own rule
 * (`isSurest`), seen from the copy.
 *
 * @param folds parts of the originals, each judged by what the pairs of the others teach. @default the product's verdict
 */
export async function measureDuplicates(
  { originals, gallery }: Chosen,
  cache: SampleCache,
  folds?: number,
): Promise<{ quality: DuplicateQuality; labelled: Labelled[] }> {
  const shelf: Sample[] = [];
  for (const source of gallery) shelf.push(...(await cache.samples(source, false)));
  const originalOf = new Map(shelf.map((sample) => [sample.source.name, sample.fingerprint]));
  const isRight = (one: Sample, other: Sample): boolean =>
    one.source.name === other.source.name ||
    areDoubles(originalOf.get(one.source.name)!, originalOf.get(other.source.name)!);
  const prepared = shelf.map(({ fingerprint }) => prepare(fingerprint));
  let [pairs, ms, first] = [0, 0, 0];

  const look = (query: Sample, nearest: { at: number; score: number }[]): Pair[] => {
    const ready = prepare(query.fingerprint);
    return nearest.map(({ at, score }) => {
      const found = shelf[at]!;
      const started = performance.now();
      const comparison = comparisonOf(prepared[at]!, ready);
      const measures = comparison && measuresOf(comparison, score);
      ms += performance.now() - started;
      pairs++;
      return { query, found, labelled: measures && { measures, isSame: isRight(query, found) } };
    });
  };
  const neighbours = (query: Sample, but?: Sample) =>
    shelf
      .map((sample, at) => ({ at, score: product(sample.embedding, query.embedding) }))
      .filter(({ at }) => shelf[at] !== but)
      .sort((one, other) => other.score - one.score)
      .slice(0, CANDIDATES.nearest);

  const copies: Sample[] = [];
  const ofCopies: Pair[][] = [];
  for (const source of originals) {
    for (const copy of (await cache.samples(source, true)).slice(1)) {
      copies.push(copy);
      const nearest = neighbours(copy);
      if (isRight(copy, shelf[nearest[0]!.at]!)) first++;
      ofCopies.push(look(copy, nearest));
    }
  }
  const ofOriginals = shelf
    .flatMap((sample) => look(sample, neighbours(sample, sample).slice(0, 4)))
    .filter(({ query, found }) => !isRight(query, found));
  const all = [...ofCopies.flat(), ...ofOriginals];
  const confidence = folds === undefined ? productConfidence : foldedConfidence(all, folds);
  const judged = (pair: Pair): Judged => ({
    ...pair,
    confidence: confidence(pair),
    isRight: isRight(pair.query, pair.found),
  });
  const best = ofCopies.flatMap((some) => {
    const each = some.map(judged);
    const surest = Math.max(...each.map(({ confidence }) => confidence));
    return each.filter(({ confidence }) => isSurest(confidence, surest));
  });
  const falsePairs = ofOriginals.map(judged).filter(({ confidence }) => isSame(confidence)).length;

  const recallAt = (wanted: (copy: Sample) => boolean): number => {
    const some = best.filter(({ query }) => wanted(query)).sort((a, b) => b.confidence - a.confidence);
    const foundOf = new Set<Sample>();
    let [right, most] = [0, 0];
    for (const [i, { isRight, query }] of some.entries()) {
      if (isRight) {
        right++;
        foundOf.add(query);
      }
      if (right / (i + 1) >= 0.99) most = foundOf.size;
    }
    return round(most / Math.max(1, copies.filter(wanted).length));
  };
  const kind = (name: Kind) => (copy: Sample) => copy.source.kind === name;
  const taken = best.filter(({ confidence }) => isSame(confidence));
  const right = taken.filter(({ isRight }) => isRight);
  return {
    labelled: all.flatMap(({ labelled }) => labelled ?? []),
    quality: {
      originals: originals.length,
      copies: copies.length,
      gallery: shelf.length,
      recall_at_p99: recallAt(() => true),
      light_recall_at_p99: recallAt(({ change }) => CHANGES[change]!.light),
      rendered_recall_at_p99: recallAt(kind('rendered')),
      photo_recall_at_p99: recallAt(kind('photo')),
      first_neighbour: round(first / copies.length),
      recall: round(new Set(right.map(({ query }) => query)).size / copies.length),
      precision: round(right.length / Math.max(1, taken.length)),
      false_pairs_of_originals: falsePairs,
      pairs_of_originals: ofOriginals.length,
      recall_by_change: Object.fromEntries(
        CHANGES.map(({ name }, i) => {
          const found = new Set(right.filter(({ query }) => query.change === i).map(({ query }) => query));
          return [name, round(found.size / originals.length)];
        }),
      ),
      ms_per_pair: round(ms / pairs),
    },
  };
}

/** What two decoders make of one picture, in grey values: a mean and a largest difference. */
const ROUNDING = { mean: 1.5, most: 14 } as const;

/** Whether two originals show the very same: collections have some pictures under several names. */
function areDoubles({ copy: a }: Fingerprint, { copy: b }: Fingerprint): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  return [
    [a.luma, b.luma],
    [a.cb, b.cb],
    [a.cr, b.cr],
  ].every(([one, other]) => {
    let [sum, most] = [0, 0];
    for (let i = 0; i < one!.length; i++) {
      const difference = Math.abs(one![i]! - other![i]!);
      sum += difference;
      most = Math.max(most, difference);
    }
    return sum / one!.length < ROUNDING.mean && most < ROUNDING.most;
  });
}

const productConfidence = ({ labelled }: Pair): number => (labelled ? confidenceOf(labelled.measures) : 0);

/** Judges each pair by what those pairs teach that have no picture of the part of the originals that its query is in. */
function foldedConfidence(all: readonly Pair[], folds: number): (pair: Pair) => number {
  const names = [...new Set(all.map(({ query }) => query.source.name))].sort();
  const foldOf = new Map(names.map((name, i) => [name, i % folds]));
  const learned = Array.from({ length: folds }, (_, fold) => {
    const isKept = ({ query, found }: Pair) =>
      foldOf.get(query.source.name) !== fold && foldOf.get(found.source.name) !== fold;
    return learn(all.filter(isKept).flatMap(({ labelled }) => labelled ?? []));
  });
  return ({ query, labelled }) =>
    labelled ? confidenceOf(labelled.measures, learned[foldOf.get(query.source.name)!]) : 0;
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
