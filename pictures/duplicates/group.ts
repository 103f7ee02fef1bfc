/** Groups of duplicates, followed from their first pictures to all that are tied to them. */

import type { Hit } from '../../vectorlog/scan/hit.ts';
import { MAX_QUERIES } from '../../vectorlog/scan/layout.ts';

export interface DuplicateGroup {
  /** Ascending; two or more. */
  readonly rows: readonly number[];
  /** Every picture of the group is at least this much like another one of it. */
  readonly minScore: number;
}

/** The other rows that are alike enough, for each of some rows; `MAX_QUERIES` rows make one pass. */
export type Neighbours = (rows: readonly number[]) => Promise<Hit[][]>;

/** A group that may still grow. */
export class GrowingGroup {
  /** Each member's best score with another one. */
  readonly #best: Map<number, number>;
  /** Members whose ties are not known yet. */
  #waiting: number[];
  #hasEarlier = false;

  /** @param hits the neighbours of `first`, all of them later rows */
  constructor(
    readonly first: number,
    hits: readonly Hit[],
  ) {
    this.#best = new Map([[first, hits[0]!.score], ...hits.map(({ row, score }) => [row, score] as const)]);
    this.#waiting = hits.map(({ row }) => row);
  }

  /** Up to `most` members whose neighbours are to be told to `add`. */
  take(most: number): number[] {
    return this.#waiting.splice(0, most);
  }

  add(member: number, hits: readonly Hit[]): void {
    for (const { row, score } of hits) {
      if (row < this.first) this.#hasEarlier = true;
      if (!this.#best.has(row)) {
        this.#waiting.push(row);
      }
      this.#best.set(row, Math.max(score, this.#best.get(row) ?? score));
      this.#best.set(member, Math.max(score, this.#best.get(member)!));
    }
    // What is more belongs to the group of that earlier row, and is followed from there.
    if (this.#hasEarlier) this.#waiting = [];
  }

  /** The group; `undefined` when it has a row before `first`, with which it comes instead. */
  result(): DuplicateGroup | undefined {
    if (this.#hasEarlier) return undefined;
    return {
      rows: [...this.#best.keys()].sort((a, b) => a - b),
      minScore: Math.min(...this.#best.values()),
    };
  }
}

/** Follows the ties of all these groups, with as few passes over the rows as it can, until none grows any more. */
export async function complete(groups: readonly GrowingGroup[], neighbours: Neighbours): Promise<void> {
  for (;;) {
    const members: { group: GrowingGroup; row: number }[] = [];
    for (const group of groups) {
      for (const row of group.take(MAX_QUERIES - members.length)) members.push({ group, row });
    }
    if (members.length === 0) return;
    const found = await neighbours(members.map(({ row }) => row));
    for (const [i, { group, row }] of members.entries()) group.add(row, found[i]!);
  }
}
