/** What one thread knows of one query's answer while it goes through the rows. */

import { Bitset } from './bitset.ts';
import type { Control } from './control.ts';
import { TopK } from './hit.ts';
import { headOf } from './layout.ts';

export interface QueryJob {
  readonly k: number;
  readonly minScore: number;
  /** Bits of the rows that can be hits; all when `undefined`. */
  readonly mask: Uint8Array | undefined;
}

/** The rows that may be among the best, and between what their scores are; for float32 both ends are the score. */
export interface FoundRows {
  readonly rows: Int32Array;
  readonly lowest: Float64Array;
  readonly highest: Float64Array;
}

/** Above this share of rows that their heads, or their high halves, do not rule out, these are left alone for a while. */
const HEAD_PAYS = 0.6;
const HIGH_PAYS = 0.3;
const PAUSE_UNITS = 8;

export class QueryScan {
  /** The lowest scores that rows can have: the k-th best of them is a threshold that the answer surely reaches. */
  readonly #best: TopK;
  readonly #mask: Bitset | undefined;
  /** A row whose score is surely lower is no hit. */
  threshold: number;
  #published = Number.NEGATIVE_INFINITY;
  #headPause = 0;
  #highPause = 0;
  #rows = new Int32Array(256);
  #lowest = new Float64Array(256);
  #highest = new Float64Array(256);
  #size = 0;
  #pruneAt = 256;

  constructor(
    { k, minScore, mask }: QueryJob,
    readonly index: number,
    private readonly control: Control,
  ) {
    this.#best = new TopK(k);
    this.threshold = minScore;
    this.#mask = mask && new Bitset(mask.length * 8, mask);
  }

  /** How many of the rows can be hits. */
  allowed(row: number, rows: number): number {
    return this.#mask ? this.#mask.count(row, row + rows) : rows;
  }

  isAllowed(row: number): boolean {
    return this.#mask === undefined || this.#mask.has(row);
  }

  /** Whether to look at the heads of the next rows first. */
  triesHead(dimensions: number): boolean {
    return headOf(dimensions) > 0 && this.threshold > Number.NEGATIVE_INFINITY && this.#headPause-- <= 0;
  }

  /** Is told the share of rows that their heads left over. */
  headLeft(share: number): void {
    this.#headPause = share > HEAD_PAYS ? PAUSE_UNITS : 0;
  }

  /** Whether to look at the high halves of the next rows' codes first. */
  triesHigh(): boolean {
    return this.threshold > Number.NEGATIVE_INFINITY && this.#highPause-- <= 0;
  }

  /** Is told the share of rows that the high halves left over. */
  highLeft(share: number): void {
    this.#highPause = share > HIGH_PAYS ? PAUSE_UNITS : 0;
  }

  /** Takes the float32 scores of rows from `row` on. */
  take(row: number, scores: Float32Array): void {
    this.listen();
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i]!;
      if (score >= this.threshold && this.isAllowed(row + i)) this.offer(row + i, score, score);
    }
    this.publish();
  }

  /** Takes a row whose score is between the two. */
  offer(row: number, lowest: number, highest: number): void {
    // Written so that NaN fails.
    if (!(highest >= this.threshold)) return;
    if (this.#size === this.#rows.length) this.#makeRoom();
    this.#rows[this.#size] = row;
    this.#lowest[this.#size] = lowest;
    this.#highest[this.#size++] = highest;
    if (lowest > Number.NEGATIVE_INFINITY) this.#best.offer(row, lowest);
    this.#raise(this.#best.threshold);
  }

  /** What other threads found may already rule rows out. */
  listen(): void {
    this.#raise(this.control.threshold(this.index));
  }

  publish(): void {
    if (this.threshold <= this.#published) return;
    this.#published = this.threshold;
    this.control.raise(this.index, this.threshold);
  }

  found(): FoundRows {
    this.listen();
    this.#prune();
    const size = this.#size;
    return {
      rows: this.#rows.slice(0, size),
      lowest: this.#lowest.slice(0, size),
      highest: this.#highest.slice(0, size),
    };
  }

  #raise(threshold: number): void {
    if (threshold > this.threshold) this.threshold = threshold;
  }

  /** Forgets the rows that are surely no hits, and grows when that was not enough. */
  #makeRoom(): void {
    if (this.#size >= this.#pruneAt) this.#prune();
    this.#pruneAt = this.#size * 2;
    if (this.#size <= this.#rows.length / 2) return;
    const grown = this.#rows.length * 2;
    const [rows, lowest, highest] = [this.#rows, this.#lowest, this.#highest];
    this.#rows = new Int32Array(grown);
    this.#rows.set(rows);
    this.#lowest = new Float64Array(grown);
    this.#lowest.set(lowest);
    this.#highest = new Float64Array(grown);
    this.#highest.set(highest);
  }

  #prune(): void {
    let kept = 0;
    for (let i = 0; i < this.#size; i++) {
      if (this.#highest[i]! < this.threshold) continue;
      this.#rows[kept] = this.#rows[i]!;
      this.#lowest[kept] = this.#lowest[i]!;
      this.#highest[kept++] = this.#highest[i]!;
    }
    this.#size = kept;
  }
}
