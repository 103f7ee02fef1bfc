/**
 * The principal directions of some vectors: where they differ from each other most.
 *
 * Only additions, products, divisions and square roots of float64 in one order, which every processor rounds alike, so
 * that the same vectors give the same bytes everywhere.
 */

import { DIRECTIONS } from './layout.ts';

/** Vectors that are looked at, at the most: more would not make the directions better. */
const SAMPLE_ROWS = 2_048;
/** After these the directions hold nearly as much as the true ones, which is all that is asked of them. */
const ITERATIONS = 6;
/** What is left of a vector, relative to it, when it stands in the space of others but for rounding. */
const NO_LENGTH = 1e-9;
/** Vectors above this norm, and those with NaN, would drown all others. */
const LARGEST_NORM = 1e6;

/**
 * `DIRECTIONS` unit vectors, at right angles to each other and to `centre`, that hold as much of the vectors' squares as
 * so many can; zeros where the vectors have fewer directions. By orthogonal iteration, which lets other work have its
 * turn between two steps.
 *
 * @param centre its share is taken from each vector first; zeros for none
 */
export async function principalDirections(
  vectors: readonly Float32Array[],
  centre: Float32Array,
): Promise<Float32Array[]> {
  const { length } = centre;
  const toCentre = Float64Array.from(centre);
  const isCentred = normalize(toCentre, 0);
  const sample = spread(vectors, SAMPLE_ROWS)
    .map((vector) => Float64Array.from(vector))
    // False for NaN as well.
    .filter((vector) => dot(vector, vector) < LARGEST_NORM ** 2);
  if (isCentred) for (const vector of sample) subtract(vector, toCentre, dot(vector, toCentre));

  const fixed = isCentred ? [toCentre] : [];
  let directions = orthonormal(
    Array.from({ length: DIRECTIONS }, (_, i) => pseudoRandom(i + 1, length)),
    fixed,
  );
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = directions.map(() => new Float64Array(length));
    for (const vector of sample)
      for (const [i, direction] of directions.entries()) subtract(next[i]!, vector, -dot(vector, direction));
    directions = orthonormal(next, fixed);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return directions.map((direction) => Float32Array.from(direction));
}

/** As many of the vectors as asked for, evenly spread. */
function spread<T>(vectors: readonly T[], most: number): T[] {
  const count = Math.min(most, vectors.length);
  return Array.from({ length: count }, (_, i) => vectors[Math.floor((i * vectors.length) / count)]!);
}

/** The vectors in place, each less what it shares with `fixed` and with those before it, of length 1; or zeros. */
function orthonormal(vectors: Float64Array[], fixed: readonly Float64Array[]): Float64Array[] {
  for (const [i, vector] of vectors.entries()) {
    const least = Math.sqrt(dot(vector, vector)) * NO_LENGTH;
    // Twice: the first time leaves what rounding makes of a vector that is nearly in the space of the others.
    for (let time = 0; time < 2; time++)
      for (const other of [...fixed, ...vectors.slice(0, i)]) subtract(vector, other, dot(vector, other));
    if (!normalize(vector, least)) vector.fill(0);
  }
  return vectors;
}

/** Makes a vector's length 1. @returns `false` when it is no longer than `least`, and stays as it is */
function normalize(vector: Float64Array, least: number): boolean {
  const norm = Math.sqrt(dot(vector, vector));
  if (!(norm > least && norm < Number.POSITIVE_INFINITY)) return false;
  for (let i = 0; i < vector.length; i++) vector[i]! /= norm;
  return true;
}

/** In four sums, so that additions need not wait for each other; the number of dimensions is a multiple of four. */
function dot(a: Float64Array, b: Float64Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 4) {
    first += a[i]! * b[i]!;
    second += a[i + 1]! * b[i + 1]!;
    third += a[i + 2]! * b[i + 2]!;
    fourth += a[i + 3]! * b[i + 3]!;
  }
  return first + second + (third + fourth);
}

/** `from -= factor * vector`. */
function subtract(from: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < from.length; i++) from[i]! -= factor * vector[i]!;
}

/** Numbers from -0.5 to 0.5 (xorshift), to begin with. */
function pseudoRandom(seed: number, length: number): Float64Array {
  let state = seed * 2_654_435_761 || 1;
  return Float64Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32 - 0.5;
  });
}
