/** Answers of the scan, the one order that they stand in, and how the best of them are kept. */

/** Results of one search at the most. */
export const MAX_K = 1_000;

export interface Hit {
  readonly row: number;
  /** Inner product with the query; cosine similarity, since embeddings are unit vectors. */
  readonly score: number;
}

/** Inner product of two vectors of one length, summed up in float64: what a hit's score is. */
export function innerProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The best score first; equal scores by row, the lower first, as IndexFlatIP has them. */
export const byScore = (a: Hit, b: Hit): number => b.score - a.score || a.row - b.row;

/** The best `k` of several answers to one query, each over other rows. */
export function mergeHits(answers: readonly (readonly Hit[])[], k: number): Hit[] {
  return answers.flat().sort(byScore).slice(0, k);
}

/**
 * The best k of many scored rows, without sorting them all: a binary heap with the worst of the kept at its root; among
 * equal scores the higher row is the worse.
 */
export class TopK {
  readonly #scores: Float64Array;
  readonly #rows: Int32Array;
  #size = 0;

  constructor(readonly k: number) {
    this.#scores = new Float64Array(k);
    this.#rows = new Int32Array(k);
  }

  /** The score that a row must reach to be kept: the k-th best so far. */
  get threshold(): number {
    return this.#size < this.k ? Number.NEGATIVE_INFINITY : this.#scores[0]!;
  }

  /** Keeps the row if it is among the best; NaN never is. */
  offer(row: number, score: number): void {
    if (this.#size < this.k) {
      if (!Number.isNaN(score)) this.#rise(this.#size++, row, score);
    } else if (score > this.#scores[0]! || (score === this.#scores[0] && row < this.#rows[0]!)) {
      this.#sink(row, score);
    }
  }

  /** What was kept, the best first. */
  kept(): Hit[] {
    return Array.from({ length: this.#size }, (_, i) => ({
      row: this.#rows[i]!,
      score: this.#scores[i]!,
    })).sort(byScore);
  }

  #rise(hole: number, row: number, score: number): void {
    let at = hole;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#worse(row, score, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, row, score);
  }

  #sink(row: number, score: number): void {
    let at = 0;
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      const other = child + 1;
      if (other < this.#size && this.#worse(this.#rows[other]!, this.#scores[other]!, child)) child = other;
      if (this.#worse(row, score, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, row, score);
  }

  #worse(row: number, score: number, than: number): boolean {
    return score < this.#scores[than]! || (score === this.#scores[than] && row > this.#rows[than]!);
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from]!;
    this.#rows[to] = this.#rows[from]!;
  }

  #put(at: number, row: number, score: number): void {
    this.#scores[at] = score;
    this.#rows[at] = row;
  }
}
