/** Finds pictures that are the same but for size, crop or compression, by comparing every one with all others. */

import type { RowSource } from '../../vectorlog/read/view.ts';
import { MAX_K } from '../../vectorlog/scan/hit.ts';
import { MAX_QUERIES } from '../../vectorlog/scan/layout.ts';
import { complete, type DuplicateGroup, GrowingGroup, type Neighbours } from './group.ts';

/** What duplicates are looked for in. */
export type DuplicateSource = Pick<RowSource, 'rows' | 'read' | 'search'>;

export interface DuplicateOptions {
  /** How alike two pictures must be to count as the same: 0.97 finds copies, hardly anything else. */
  readonly minScore: number;
  /**
   * The first row to compare; those before were compared by an earlier run.
   *
   * @default the first
   */
  readonly from?: number | undefined;
}

export interface DuplicateStep {
  /** Groups that were found in this step, whole. */
  readonly groups: readonly DuplicateGroup[];
  /** Rows that this step dealt with. */
  readonly compared: number;
  /** Where a later run goes on if this one ends here; `undefined` after the last step. */
  readonly next: number | undefined;
}

/**
 * Groups pictures that are tied by pairs of at least `minScore`, directly or through others: the connected components
 * of that graph with two members or more. Every group comes exactly once, whole, in the step that meets its lowest row,
 * so that a caller can stop after any step and go on from `next` later, in another process, with nothing else kept.
 * (The 1,000 closest pictures of a picture count; groups of more than 1,000 come in parts.)
 *
 * Each step is one pass over the rows for up to 32 pictures: 10,000 pictures are some 300 passes.
 *
 * @example
 * const source = view.everything({ prefix: '' });
 * for await (const { groups, compared } of findDuplicates(source, { minScore: 0.97 })) show(groups, compared);
 */
export async function* findDuplicates(
  source: DuplicateSource,
  { minScore, from = 0 }: DuplicateOptions,
): AsyncGenerator<DuplicateStep> {
  const { rows } = source;
  /** Rows with an earlier neighbour: their group comes, or came, with that one. */
  const later = new Set<number>();
  const neighbours = neighboursIn(source, minScore);

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
    yield { groups, compared: at - start, next: rows[at] };
  }
}

function neighboursIn(source: DuplicateSource, minScore: number): Neighbours {
  return async (rows) => {
    if (rows.length === 0) return [];
    const queries = await source.read(rows);
    const found = await source.search(queries, { k: MAX_K, minScore });
    return found.map((hits, i) => hits.filter(({ row }) => row !== rows[i]));
  };
}
