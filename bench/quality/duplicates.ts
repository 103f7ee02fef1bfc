/** How well duplicates are found: copies of originals are looked for in a gallery, and every wrong pair counts. */

import { Comparers } from '../../pictures/duplicates/comparers.ts';
import type { Fingerprint } from '../../pictures/duplicates/fingerprint-format.ts';
import type { Comparison } from '../../pictures/duplicates/measure.ts';
import { signatureOf } from '../../pictures/duplicates/signature.ts';
import { TurnedNeighbours } from '../../pictures/duplicates/turned-neighbours.ts';
import {
  confidenceOf,
  isSurest,
  LIKELY_FROM,
  measuresOf,
  SAME_FROM,
} from '../../pictures/duplicates/verdict.ts';
import { CANDIDATES, isSame } from '../../pictures/duplicates/verifier.ts';
import { innerProduct } from '../../vectorlog/scan/hit.ts';
import { RowMatrix } from '../../vectorlog/scan/row-matrix.ts';
import { CHANGES } from './changes.ts';
import { type Labelled, learn } from './fit.ts';
import type { Sample, SampleCache } from './library.ts';
import type { Chosen } from './originals.ts';
import { type Kind, shuffled } from './source.ts';

export interface DuplicateQuality {
  readonly originals: number;
  readonly copies: number;
  readonly gallery: number;
  /** Copies whose original is among the pairs at or above the lowest threshold at which 99 % of the pairs are right. */
  readonly recall_at_p99: number | undefined;
  readonly light_recall_at_p99: number | undefined;
  readonly rendered_recall_at_p99: number | undefined;
  /** Left out when there are no photos. */
  readonly photo_recall_at_p99: number | undefined;
  /** Copies whose original is the nearest picture by the model alone. */
  readonly first_neighbour: number;
  /** The same where variants of the original (its family) are passed over, as if the gallery had none. */
  readonly first_neighbour_without_variants: number;
  /** At the threshold that the product uses: copies found, and the part of the pairs that is right. */
  readonly recall: number;
  readonly precision: number;
  /** Of all pairs of originals that were looked at, those that were taken for the same picture: each one is wrong. */
  readonly false_pairs_of_originals: number;
  readonly pairs_of_originals: number;
  /** Of the false ones, by the kind of the picture that was looked for. */
  readonly false_pairs_by_kind: Readonly<Partial<Record<Kind, number>>>;
  /** The same from the threshold on from which the product shows pictures as probably the same. */
  readonly likely: {
    readonly recall: number;
    readonly precision: number;
    readonly false_pairs_of_originals: number;
    readonly recall_by_change: Readonly<Record<string, number>>;
  };
  /** At the product's threshold, and at that of `recall_at_p99`. */
  readonly recall_by_change: Readonly<Record<string, number>>;
  readonly recall_at_p99_by_change: Readonly<Record<string, number>>;
  /** By the clock, on all cores. */
  readonly ms_per_pair: number;
  /** The part of the pairs that were looked at because one looks like the other turned or mirrored. */
  readonly turned_pairs: number;
}

interface Pair {
  readonly query: Sample;
  readonly found: Sample;
  /** The inner product of their embeddings. */
  readonly cosine: number;
  /** `undefined` where nothing of the one is seen in the other. */
  readonly comparison: Comparison | undefined;
  readonly labelled: Labelled | undefined;
}

interface Judged extends Pair {
  readonly confidence: number;
  readonly isRight: boolean;
}

/** Neighbours that are looked at to pass over the variants of a picture; families of drawings have dozens. */
const PAST_VARIANTS = 256;

/** Queries of one pass over the gallery. */
const QUERIES_AT_ONCE = 32;

/**
 * Measures pairs of copies with a gallery, and of the gallery with itself. A pair counts by the product's own rule
 * (`isSurest`), seen from the copy; neighbours are found and pairs are compared by the product's own code.
 *
 * @param options `folds`: parts of the originals, by family, each judged by what the pairs of the others teach. @default the
 *   product's verdict
 */
export async function measureDuplicates(
  { originals, gallery }: Chosen,
  cache: SampleCache,
  { folds }: { readonly folds?: number } = {},
): Promise<{ quality: DuplicateQuality; labelled: Labelled[] }> {
  const shelf: Sample[] = [];
  for (const source of gallery) shelf.push(...(await cache.samples(source, false)));
  const copies: Sample[] = [];
  for (const source of originals) copies.push(...(await cache.samples(source, true)).slice(1));

  const isRight = rightIn(shelf);
  const matrix = new RowMatrix(shelf[0]!.embedding.length);
  for (const { embedding } of shelf) matrix.append(embedding);
  const turned = turnedIn(shelf);
  const comparers = new Comparers();
  let [compared, named, ms, first, firstButVariants] = [0, 0, 0, 0, 0];
  /** The nearest of the gallery, but for the picture itself. */
  const look = async (queries: readonly Sample[], nearest: number): Promise<Pair[]> => {
    const embeddings = queries.map(({ embedding }) => embedding);
    const found = await matrix.search(embeddings, { k: PAST_VARIANTS });
    const pairs = queries.flatMap((query, i) => {
      const near = found[i]!.map(({ row, score }) => ({ query, found: shelf[row]!, cosine: score }))
        .filter(({ found }) => found !== query)
        .slice(0, nearest);
      const others = turned(query).filter((other) => near.every(({ found }) => found !== other));
      named += others.length;
      return [
        ...near,
        ...others.map((other) => ({
          query,
          found: other,
          cosine: innerProduct(query.embedding, other.embedding),
        })),
      ];
    });
    first += queries.filter((query, i) => isRight(query, shelf[found[i]![0]!.row]!)).length;
    firstButVariants += queries.filter((query, i) => {
      const hits = found[i]!.map(({ row }) => shelf[row]!);
      const one = hits.find((hit) => isRight(query, hit) || hit.source.family !== query.source.family);
      return one !== undefined && isRight(query, one);
    }).length;
    const started = performance.now();
    const comparisons = await comparers.compare(
      pairs.map(({ query, found }) => [query.fingerprint, found.fingerprint] as const),
    );
    ms += performance.now() - started;
    compared += pairs.length;
    return pairs.map((pair, i) => {
      const comparison = comparisons[i];
      const measures = comparison && measuresOf(comparison, pair.cosine);
      const isSame = isRight(pair.query, pair.found);
      return { ...pair, comparison, labelled: measures && { measures, isSame } };
    });
  };
  const lookAtAll = async (samples: readonly Sample[], nearest: number): Promise<Pair[]> => {
    const pairs: Pair[] = [];
    for (let at = 0; at < samples.length; at += QUERIES_AT_ONCE)
      pairs.push(...(await look(samples.slice(at, at + QUERIES_AT_ONCE), nearest)));
    return pairs;
  };
  const ofCopies = await lookAtAll(copies, CANDIDATES.nearest);
  const firstNeighbours = [first / copies.length, firstButVariants / copies.length];
  const ofOriginals = (await lookAtAll(shelf, 4)).filter(({ query, found }) => !isRight(query, found));
  await comparers.stop();
  matrix.close();

  const all = [...ofCopies, ...ofOriginals];
  const confidence = folds === undefined ? productConfidence : foldedConfidence(all, folds);
  const judged = (pair: Pair): Judged => ({
    ...pair,
    confidence: confidence(pair),
    isRight: isRight(pair.query, pair.found),
  });
  const candidates = ofCopies.map(judged);
  const surest = new Map<Sample, number>();
  for (const { query, confidence } of candidates)
    surest.set(query, Math.max(confidence, surest.get(query) ?? 0));
  const best = candidates.filter(({ query, confidence }) => isSurest(confidence, surest.get(query)!));
  const falseOnes = ofOriginals.map(judged);
  const falsePairs = falseOnes.filter(({ confidence }) => isSame(confidence));

  /** Copies that are found at 99 % precision, and how many there are. */
  const foundAt = (wanted: (copy: Sample) => boolean): { found: ReadonlySet<Sample>; total: number } => {
    const total = copies.filter(wanted).length;
    const some = best.filter(({ query }) => wanted(query)).sort((a, b) => b.confidence - a.confidence);
    const foundOf = new Set<Sample>();
    let right = 0;
    let most: ReadonlySet<Sample> = new Set();
    for (const [i, { isRight, query }] of some.entries()) {
      if (isRight) {
        right++;
        foundOf.add(query);
      }
      if (right / (i + 1) >= 0.99 && foundOf.size > most.size) most = new Set(foundOf);
    }
    return { found: most, total };
  };
  /** `undefined` when there is no such copy. */
  const recallAt = (wanted: (copy: Sample) => boolean): number | undefined => {
    const { found, total } = foundAt(wanted);
    return total === 0 ? undefined : round(found.size / total);
  };
  const byChange = (found: ReadonlySet<Sample>) =>
    Object.fromEntries(
      CHANGES.map(({ name }, i) => [
        name,
        round([...found].filter(({ change }) => change === i).length / originals.length),
      ]),
    );
  const kind = (name: Kind) => (copy: Sample) => copy.source.kind === name;
  /** What is found, and how much of it is right, from a confidence on. */
  const from = (least: number) => {
    const taken = best.filter(({ confidence }) => confidence >= least);
    const right = taken.filter(({ isRight }) => isRight);
    const found = new Set(right.map(({ query }) => query));
    return {
      recall: round(found.size / copies.length),
      precision: round(right.length / Math.max(1, taken.length)),
      false_pairs_of_originals: falseOnes.filter(({ confidence }) => confidence >= least).length,
      recall_by_change: byChange(found),
    };
  };
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
      first_neighbour: round(firstNeighbours[0]!),
      first_neighbour_without_variants: round(firstNeighbours[1]!),
      ...from(SAME_FROM),
      pairs_of_originals: ofOriginals.length,
      false_pairs_by_kind: countsOf(falsePairs.map(({ query }) => query.source.kind)),
      likely: from(LIKELY_FROM),
      recall_at_p99_by_change: byChange(foundAt(() => true).found),
      ms_per_pair: round(ms / compared),
      turned_pairs: round(named / compared),
    },
  };
}

/** For a picture, those of the gallery that are it turned or mirrored at a glance, by the product's own code. */
export function turnedIn(shelf: readonly Sample[]): (query: Sample) => Sample[] {
  const signed = shelf.flatMap((sample, row) => {
    const signature = signatureOf(sample.fingerprint.copy);
    return signature ? [{ row, signature }] : [];
  });
  const among = new TurnedNeighbours(signed);
  return ({ fingerprint }) => {
    const signature = signatureOf(fingerprint.copy);
    // A picture is nearer to itself upright than turned, so it is never among them.
    return (signature ? among.like(signature) : []).map((row) => shelf[row]!);
  };
}

function countsOf<T extends string>(names: readonly T[]): Partial<Record<T, number>> {
  const counts: Partial<Record<T, number>> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Whether a pair shows one original. @param shelf all originals of the gallery */
export function rightIn(shelf: readonly Sample[]): (one: Sample, other: Sample) => boolean {
  const originalOf = new Map(shelf.map((sample) => [sample.source.name, sample.fingerprint]));
  return (one, other) =>
    one.source.name === other.source.name ||
    areDoubles(originalOf.get(one.source.name)!, originalOf.get(other.source.name)!);
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

const productConfidence = ({ comparison, cosine }: Pair): number =>
  comparison ? confidenceOf(comparison, cosine) : 0;

/** Judges each pair by what those pairs teach that have no picture of the families that its query is parted with. */
function foldedConfidence(all: readonly Pair[], folds: number): (pair: Pair) => number {
  const families = [...new Set(all.flatMap(({ query, found }) => [query, found].map(familyOf)))].sort();
  const foldOf = new Map(shuffled(families, 3).map((family, i) => [family, i % folds]));
  const learned = Array.from({ length: folds }, (_, fold) => {
    const isKept = ({ query, found }: Pair) =>
      foldOf.get(familyOf(query)) !== fold && foldOf.get(familyOf(found)) !== fold;
    return learn(all.filter(isKept).flatMap(({ labelled }) => labelled ?? []));
  });
  return ({ query, comparison, cosine }) =>
    comparison ? confidenceOf(comparison, cosine, learned[foldOf.get(familyOf(query))!]) : 0;
}

const familyOf = ({ source }: Sample): string => source.family;

const round = (value: number): number => Math.round(value * 10_000) / 10_000;
