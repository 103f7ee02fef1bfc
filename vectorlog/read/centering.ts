/** Centres vectors: the root of each number (signs stay), at unit length, less the mean of all, at unit length again. */

/** Vectors nearer to the mean than this have no direction of their own. */
const NO_LENGTH = 1e-6;

export class Centering {
  readonly #sum: Float64Array;
  #vectors = 0;

  /** @param dimensions numbers in a vector */
  constructor(readonly dimensions: number) {
    this.#sum = new Float64Array(dimensions);
  }

  /** Takes a vector into the mean. */
  add(vector: Float32Array): void {
    const root = rootOf(vector);
    for (let i = 0; i < root.length; i++) this.#sum[i]! += root[i]!;
    this.#vectors++;
  }

  /** A unit vector; zeros for a vector that is the mean. */
  center(vector: Float32Array): Float32Array {
    const rest = rootOf(vector);
    const vectors = this.#vectors || 1;
    for (let i = 0; i < rest.length; i++) rest[i]! -= this.#sum[i]! / vectors;
    const length = lengthOf(rest);
    return Float32Array.from(rest, length > NO_LENGTH ? (x) => x / length : () => 0);
  }
}

function rootOf(vector: Float32Array): Float64Array {
  const root = Float64Array.from(vector, (x) => (x < 0 ? -Math.sqrt(-x) : Math.sqrt(x)));
  const length = lengthOf(root) || 1;
  for (let i = 0; i < root.length; i++) root[i]! /= length;
  return root;
}

function lengthOf(vector: Float64Array): number {
  let squares = 0;
  for (const x of vector) squares += x * x;
  return Math.sqrt(squares);
}
