/** Finds groups of pictures that belong together, by asking for the nearest of every one. */

import type { RowSource } from '../../vectorlog/read/view.ts';
import { type Hit, innerProduct, MAX_K } from '../../vectorlog/scan/hit.ts';
import { MAX_QUERIES } from '../../vectorlog/scan/layout.ts';
import { complete, type DuplicateGroup, GrowingGroup, type Neighbours } from './group.ts';
import { isSurest } from './verdict.ts';

/** What duplicates are looked for in. */
export type DuplicateSource = Pick<RowSource, 'rows' | 'read' | 'search'>;

/** A row and one of its nearest. */
export interface CandidatePair {
  readonly row: number;
  readonly hit: Hit;
}

export interface DuplicateOptions {
  /** The score from which a pair is looked at. */
  readonly minScore: number;
  /**
   * How sure it is that a pair belongs together, 0 to 1. Of a picture's pairs only the surest counts, if it is at least
   * `sureFrom`, and those as sure as it: a variant of a picture, with another colour of skin, is less like a copy of it
   * than the picture itself is. A pair may count for either of its pictures.
   *
   * @default all that score at least `minScore` belong together
   */
  readonly verify?: (pairs: readonly CandidatePair[]) => Promise<readonly number[]>;
  /** @default 1 */
  readonly sureFrom?: number;
  /** Nearest pictures to look at first; more are asked for while all of them belong together. 0: none. @default all */
  readonly nearest?: number;
  /** Rows to look at with each one besides its nearest, whatever they score; only with `verify`. @default none */
  readonly also?: (row: number) => readonly number[];
  /** Rows that are known to belong together; all but the first of each set are left out of the source's searches. */
  readonly twins?: Twins;
  /**
   * The first row to compare; those before were compared by an earlier run.
   *
   * @default the first
   */
  readonly from?: number | undefined;
}

/** Sets of rows that belong together without a search. */
export class Twins {
  readonly #firstOf = new Map<number, number>();
  readonly #othersOf = new Map<number, number[]>();

  /** @param first the lowest row of its set; rows are added in order */
  add(first: number, row: number): void {
    this.#firstOf.set(row, first);
    const others = this.#othersOf.get(first);
    if (others) others.push(row);
    else this.#othersOf.set(first, [row]);
  }

  firstOf(row: number): number | undefined {
    return this.#firstOf.get(row);
  }

  othersOf(first: number): readonly number[] {
    return this.#othersOf.get(first) ?? [];
  }
}

export interface DuplicateStep {
  /** Groups that were found in this step, whole. */
  readonly groups: readonly DuplicateGroup[];
  /** Rows that this step dealt with. */
  readonly compared: number;
  /** The first row that it dealt with: a run from here gives the same step. */
  readonly from: number;
  /** Where a later run goes on if this one ends here; `undefined` after the last step. */
  readonly next: number | undefined;
}

/**
 * Groups pictures that are tied by pairs of at least `minScore`, directly or through others: the connected components
 * of that graph with two members or more. Every group comes exactly once, whole, in the step that meets its lowest row,
 * so that a caller can stop after any step and go on from `next` later, in another process, with nothing else kept.
 * (The 1,000 closest pictures of a picture count.)
 *
 * Each step is one pass over the rows for up to 32 pictures: 10,000 pictures are some 300 passes.
 *
 * @example
 * const source = view.everything({ prefix: '' });
 * for await (const { groups, compared } of findDuplicates(source, { minScore: 0.97 })) show(groups, compared);
 */
export async function* findDuplicates(
  source: DuplicateSource,
  { from = 0, ...options }: DuplicateOptions,
): AsyncGenerator<DuplicateStep> {
  const { rows } = source;
  /** Rows with an earlier neighbour: their group comes, or came, with that one. */
  const later = new Set<number>();
  const neighbours = neighboursIn(source, options);

  let at = rows.findIndex((row) => row >= from);
  while (at >= 0 && at < rows.length) {
    const start = at;
    const firsts: number[] = [];
    while (at < rows.length && firsts.length < MAX_QUERIES) {
      const row = rows[at++]!;
      if (!later.delete(row)) firsts.push(row);
    }
    const found = await neighbours(firsts);
    const growing: GrowingGroup[] = [];
    for (const [i, row] of firsts.entries()) {
      const hits = found[i]!;
      for (const hit of hits) if (hit.row > row) later.add(hit.row);
      if (hits.length > 0 && hits.every((hit) => hit.row > row)) growing.push(new GrowingGroup(row, hits));
    }
    await complete(growing, neighbours);
    const groups = growing.map((group) => group.result()).filter((group) => group !== undefined);
    for (const row of groups.flatMap(({ rows }) => rows)) if (row >= (rows[at] ?? 0)) later.add(row);
    yield { groups, compared: at - start, from: rows[start]!, next: rows[at] };
  }
}

/** Each time that all neighbours are as sure as the surest, so many times more are asked for. */
const GROWTH = 4;

interface Sure extends Hit {
  readonly sure: number;
}

function neighboursIn(
  source: DuplicateSource,
  {
    minScore,
    verify,
    sureFrom = 1,
    nearest = MAX_K,
    also = () => [],
    twins = new Twins(),
  }: Omit<DuplicateOptions, 'from'>,
): Neighbours {
  /** What was found for rows, so that the other side of a pair need not be asked twice. */
  const known = new Map<number, Sure[]>();

  const search = async (rows: readonly number[], k: number): Promise<Hit[][]> => {
    const queries = await source.read(rows);
    // One more, since the picture itself is among them.
    const found = await source.search(queries, { k: Math.min(k + 1, MAX_K), minScore });
    return found.map((hits, i) => hits.filter(({ row }) => row !== rows[i]));
  };

  /** What is looked at with each row besides the hits of its search. */
  const further = async (rows: readonly number[], found: readonly Hit[][]): Promise<Hit[][]> => {
    const others = rows.map((row, i) =>
      also(row).filter((other) => found[i]!.every((hit) => hit.row !== other)),
    );
    const wanted = [...new Set(others.flatMap((each, i) => (each.length > 0 ? [rows[i]!, ...each] : [])))];
    if (wanted.length === 0) return rows.map(() => []);
    const read = await source.read(wanted);
    const embeddings = new Map(wanted.map((row, i) => [row, read[i]!]));
    return others.map((each, i) =>
      each.map((row) => ({ row, score: innerProduct(embeddings.get(rows[i]!)!, embeddings.get(row)!) })),
    );
  };

  /** The pairs of each row that are sure enough, the surest first. */
  const sureOf = async (rows: readonly number[], k: number): Promise<void> => {
    if (rows.length === 0) return;
    const found = await search(rows, k);
    const besides = await further(rows, found);
    const confidences = await verify!(
      rows.flatMap((row, i) => [...found[i]!, ...besides[i]!].map((hit) => ({ row, hit }))),
    );
    const more: number[] = [];
    let at = 0;
    for (const [i, hits] of found.entries()) {
      const judge = (hit: Hit): Sure => ({ ...hit, sure: confidences[at++]! });
      const [near, others] = [hits.map(judge), besides[i]!.map(judge)];
      const isSure = ({ sure }: Sure) => sure >= sureFrom;
      known.set(
        rows[i]!,
        [...near, ...others].filter(isSure).sort((a, b) => b.sure - a.sure),
      );
      if (near.every(isSure) && hits.length >= k && k < MAX_K - 1) more.push(rows[i]!);
    }
    await sureOf(more, k * GROWTH);
  };
  const isBest = (row: number, { sure }: Sure): boolean => {
    const best = known.get(row)?.[0];
    return best === undefined || isSurest(sure, best.sure);
  };

  const look = async (rows: readonly number[]): Promise<Hit[][]> => {
    if (nearest === 0) return rows.map(() => []);
    if (!verify) return rows.length === 0 ? [] : search(rows, nearest);
    await sureOf(
      rows.filter((row) => !known.has(row)),
      nearest,
    );
    // A pair that is not the best for this row may be the best for the other.
    const others = rows.flatMap((row) =>
      known
        .get(row)!
        .filter((hit) => !isBest(row, hit))
        .map((hit) => hit.row),
    );
    const unknown = [...new Set(others)].filter((row) => !known.has(row));
    for (let i = 0; i < unknown.length; i += MAX_QUERIES)
      await sureOf(unknown.slice(i, i + MAX_QUERIES), nearest);
    return rows.map((row) => known.get(row)!.filter((hit) => isBest(row, hit) || isBest(hit.row, hit)));
  };

  return async (rows) => {
    const searched = rows.filter((row) => twins.firstOf(row) === undefined);
    const found = await look(searched);
    const hitsOf = new Map(searched.map((row, i) => [row, found[i]!]));
    return rows.map((row) => {
      const first = twins.firstOf(row);
      if (first !== undefined) return [{ row: first, score: 1 }];
      const others = twins.othersOf(row).map((other) => ({ row: other, score: 1 }));
      return [...others, ...hitsOf.get(row)!];
    });
  };
}
