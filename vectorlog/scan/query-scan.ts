/** What one thread knows of one query's answer while it goes through the rows. */

import { Bitset } from './bitset.ts';
import type { Control } from './control.ts';
import type { FoundRows, QueryJob } from './job.ts';
import { middleOf, reachOf } from './query.ts';
import { TopK } from './top-k.ts';

/** Rows that may be among the k best by their codes, with the highest score that each can have. */
class Candidates {
  rows = new Int32Array(1024);
  highest = new Float64Array(1024);
  size = 0;

  push(row: number, highest: number): void {
    if (this.size === this.rows.length) {
      const { rows, highest: scores } = this;
      this.rows = new Int32Array(this.size * 2);
      this.rows.set(rows);
      this.highest = new Float64Array(this.size * 2);
      this.highest.set(scores);
    }
    this.rows[this.size] = row;
    this.highest[this.size++] = highest;
  }

  /** Forgets those that cannot reach `threshold`. */
  prune(threshold: number): void {
    let kept = 0;
    for (let i = 0; i < this.size; i++) {
      if (this.highest[i]! < threshold) continue;
      this.rows[kept] = this.rows[i]!;
      this.highest[kept++] = this.highest[i]!;
    }
    this.size = kept;
  }
}

export class QueryScan {
  readonly #best: TopK;
  /** The lowest scores that rows can have: the k-th best of them is a threshold without any float32 score. */
  readonly #lowest: TopK;
  readonly #candidates = new Candidates();
  /** The rows that can be hits; all when `undefined`. */
  readonly #mask: Bitset | undefined;
  /** A row whose score is surely lower is no hit. */
  #threshold: number;
  #published = Number.NEGATIVE_INFINITY;
  #pruneAt: number;
  #judged = 0;
  #rescored = 0;

  constructor(
    private readonly query: QueryJob,
    private readonly index: number,
    private readonly control: Control,
    private readonly maxCandidates: number,
  ) {
    this.#best = new TopK(query.k);
    this.#lowest = new TopK(query.k);
    this.#threshold = query.minScore;
    this.#pruneAt = Math.min(4096, maxCandidates);
    this.#mask = query.mask && new Bitset(query.mask.length * 8, query.mask);
  }

  /** How many of the rows can be hits. */
  allowed(row: number, rows: number): number {
    return this.#mask ? this.#mask.count(row, row + rows) : rows;
  }

  isAllowed(row: number): boolean {
    return this.#mask === undefined || this.#mask.has(row);
  }

  /** Takes a row's float32 score. */
  offer(row: number, score: number): void {
    if (score >= this.#threshold && this.isAllowed(row)) {
      this.#best.offer(row, score);
      this.#raise(this.#best.threshold);
    }
  }

  /** Takes the float32 scores of `rows` rows from `row` on. */
  take(row: number, rows: number, scores: Float32Array): void {
    this.#listen();
    for (let i = 0; i < rows; i++) if (scores[i]! >= this.#threshold) this.offer(row + i, scores[i]!);
    this.#publish();
  }

  /**
   * Takes the products of codes and integers, and each row's scale, offset and bounds.
   *
   * @returns whether that paid: `false` when more candidates are left than there may be
   */
  judge(row: number, rows: number, products: Int32Array, bounds: Float32Array): boolean {
    this.#listen();
    const bound = this.query.bound!;
    for (let i = 0, at = 0; i < rows; i++, at += 4) {
      const middle = middleOf(bound, bounds[at]!, bounds[at + 1]!, products[i]!);
      const reach = reachOf(bound, bounds[at + 2]!, bounds[at + 3]!);
      if (middle + reach >= this.#threshold && this.isAllowed(row + i)) {
        this.#candidates.push(row + i, middle + reach);
        this.#lowest.offer(row + i, middle - reach);
        this.#raise(this.#lowest.threshold);
      }
    }
    this.#judged += rows;
    this.#publish();
    if (this.#candidates.size > this.#pruneAt) {
      this.#candidates.prune(this.#threshold);
      this.#pruneAt = Math.min(Math.max(this.#pruneAt, this.#candidates.size * 2), this.maxCandidates);
    }
    return this.#candidates.size <= this.maxCandidates;
  }

  /** Scores the candidates in float32, the most promising first, for as long as one can still be a hit. */
  rescore(score: (row: number) => number): void {
    this.#listen();
    this.#candidates.prune(this.#threshold);
    const { rows, highest, size } = this.#candidates;
    const order = Uint32Array.from({ length: size }, (_, i) => i).sort((a, b) => highest[b]! - highest[a]!);
    for (const i of order) {
      this.#listen();
      if (highest[i]! < this.#threshold) break;
      this.#rescored++;
      this.offer(rows[i]!, score(rows[i]!));
      this.#publish();
    }
  }

  found(): FoundRows {
    return { ...this.#best.kept(), judged: this.#judged, rescored: this.#rescored };
  }

  #raise(threshold: number): void {
    if (threshold > this.#threshold) this.#threshold = threshold;
  }

  /** What other threads found may already rule rows out. */
  #listen(): void {
    this.#raise(this.control.threshold(this.index));
  }

  #publish(): void {
    if (this.#threshold <= this.#published) return;
    this.#published = this.#threshold;
    this.control.raise(this.index, this.#threshold);
  }
}
