/** What the threads of one pass share: whose turn it is, and what each query's answers must reach. */

import { MAX_QUERIES } from './layout.ts';

const NEXT = 0;
const THRESHOLDS = 1;

/** Float32 bits as integers that compare like the numbers. */
const ordered = (bits: number): number => (bits >= 0 ? bits : bits ^ 0x7fff_ffff);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The largest float32 that surely is no larger than `x`. */
export function below(x: number): number {
  return Math.fround(x - Math.abs(x) * 2 ** -23 - 2 ** -149);
}

export class Control {
  readonly #words: Int32Array;

  constructor(readonly buffer = new SharedArrayBuffer((THRESHOLDS + MAX_QUERIES) * 4)) {
    this.#words = new Int32Array(buffer);
  }

  /** Before a pass, while no other thread looks. */
  reset(): void {
    this.#words.fill(0);
    float[0] = Number.NEGATIVE_INFINITY;
    this.#words.fill(ordered(bits[0]!), THRESHOLDS);
  }

  /** The number of the next unit that no thread has taken. */
  next(): number {
    return Atomics.add(this.#words, NEXT, 1);
  }

  /** A score that the k-th best answer to `query` surely reaches, as far as any thread knows. */
  threshold(query: number): number {
    bits[0] = ordered(Atomics.load(this.#words, THRESHOLDS + query));
    return float[0]!;
  }

  /** Tells the others that the k-th best answer to `query` reaches at least `score`. */
  raise(query: number, score: number): void {
    float[0] = below(score);
    const mine = ordered(bits[0]!);
    const at = THRESHOLDS + query;
    let seen = Atomics.load(this.#words, at);
    while (mine > seen) {
      const was = Atomics.compareExchange(this.#words, at, seen, mine);
      if (was === seen) return;
      seen = was;
    }
  }
}
