/** Ours beside others', pair by pair: how many times as long each of them takes. */

import { median } from '../median.ts';
import type { Results } from './results.ts';

export interface Pair {
  /** What is done. */
  readonly what: string;
  readonly other: string;
  /** Above one, we are faster: the median of the ratios round by round. */
  readonly ratio: number;
}

/** Every pair that was measured. */
export function pairs({ reference, search, embed }: Results): Pair[] {
  return [
    ...(reference ? besideReference(reference.figures) : []),
    ...(search ? search.figures.measured.flatMap(besideLibraries) : []),
    ...(embed ? Object.entries(embed.figures.results).flatMap(besideTorch) : []),
  ];
}

function besideReference({
  pictures,
  ours,
  reference,
}: NonNullable<Results['reference']>['figures']): Pair[] {
  if (!reference) return [];
  const other = "the reference demo's scripts";
  const ratio = (a: readonly number[], b: readonly number[]) => median(b.map((each, i) => each / a[i]!));
  return [
    { what: `index ${pictures} pictures`, other, ratio: reference.index / ours.index },
    { what: 'the first answer when nothing runs', other, ratio: ratio(ours.cold, reference.cold) },
    { what: 'an answer when all is in memory', other, ratio: ratio(ours.warm, reference.warm) },
  ];
}

type Measured = NonNullable<Results['search']>['figures']['measured'][number];

function besideLibraries({ rows, single, batch }: Measured): Pair[] {
  const count = rows.toLocaleString('en');
  const of = (table: Measured['single'], what: string): Pair[] =>
    Object.entries(table)
      .filter(([name]) => !isOurs(name))
      .map(([other, { timesTheFirst }]) => ({ what, other, ratio: timesTheFirst }));
  return [
    ...of(single, `a search over ${count} rows`),
    ...of(batch, `32 searches at once over ${count} rows`),
  ];
}

/** Whether a contender of `bench:search` is a way of this project to search. */
export const isOurs = (name: string): boolean => name.startsWith('likeness');

function besideTorch([name, { vsReference }]: [
  string,
  NonNullable<Results['embed']>['figures']['results'][string],
]): Pair[] {
  if (vsReference === null) return [];
  return [
    { what: `embedding ${name} pictures, fp32`, other: 'torch, torchvision, Pillow', ratio: vsReference },
  ];
}
