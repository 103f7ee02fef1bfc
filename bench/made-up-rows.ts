/** Rows without end for benchmarks of large indexes: each row depends on its number alone, so that no file need hold them. */

import { DIMENSIONS } from '../pictures/dimensions.ts';

/** Rows that are written or encoded at a time. */
export const BLOCK = 1_024;

const PATTERNS = 2_048;
const FACTORS = 2 ** 20;

/** A generator (xorshift) that is quick enough for billions of numbers. */
function generator(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const filled = (length: number, next: () => number): Float32Array => Float32Array.from({ length }, next);

/** Positive and skewed, as a network's features are. */
const patterns = (() => {
  const next = generator(7);
  return filled(PATTERNS * DIMENSIONS, () => next() ** 4);
})();
const factors = filled(FACTORS + DIMENSIONS, generator(8));

/** Rows `start` to `start + rows`, row-major: each a pattern with noise, of length 1. */
export function madeUpRows(start: number, rows: number): Float32Array {
  const all = new Float32Array(rows * DIMENSIONS);
  for (let row = 0; row < rows; row++) {
    const next = generator(start + row + 11);
    next();
    const from = Math.floor(next() * PATTERNS) * DIMENSIONS;
    const noise = 0.3 + next();
    const noiseAt = Math.floor(next() * FACTORS);
    const at = row * DIMENSIONS;
    let squares = 0;
    for (let d = 0; d < DIMENSIONS; d++) {
      const x = patterns[from + d]! * (1 - noise / 2 + noise * factors[noiseAt + d]!);
      all[at + d] = x;
      squares += x * x;
    }
    const factor = 1 / Math.sqrt(squares);
    for (let d = 0; d < DIMENSIONS; d++) all[at + d]! *= factor;
  }
  return all;
}
