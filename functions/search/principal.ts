/** A few numbers for each of many embeddings, such that those near each other stay so: principal components. */

import { setImmediate } from 'node:timers/promises';
import { innerProduct } from '../../vectorlog/scan/hit.ts';

/** Embeddings that the directions are found from, evenly spread over all. */
const SAMPLE = 256;
/** Rounds of orthogonal iteration: the picture on a screen does not change after so many. */
const ROUNDS = 8;
/** Embeddings between two looks at other work. */
const SLICE = 256;

/**
 * Each embedding in its `dims` principal directions, as signed bytes: one scale for all, so that distances can be
 * compared. Takes about a second for 20,000, and lets other requests in meanwhile.
 *
 * @returns `embeddings.length * dims` bytes, one embedding after the other
 */
export async function principalComponents(
  embeddings: readonly Float32Array[],
  dims: number,
): Promise<Int8Array> {
  const sample = embeddings.filter((_, at) => at % Math.ceil(embeddings.length / SAMPLE) === 0);
  const mean = meanOf(sample);
  const directions = principalDirections(
    sample.map((each) => minus(each, mean)),
    dims,
  );
  const offsets = directions.map((direction) => innerProduct(direction, mean));
  const components = new Float32Array(embeddings.length * dims);
  let largest = 0;
  for (const [at, embedding] of embeddings.entries()) {
    if (at % SLICE === 0) await setImmediate();
    for (const [d, direction] of directions.entries()) {
      const component = innerProduct(embedding, direction) - offsets[d]!;
      components[at * dims + d] = component;
      largest = Math.max(largest, Math.abs(component));
    }
  }
  return Int8Array.from(components, (value) => Math.round((value / (largest || 1)) * 127));
}

/** Unit vectors along which the centred rows vary the most: eigenvectors of their Gram matrix, taken back to the rows. */
function principalDirections(rows: readonly Float32Array[], dims: number): Float32Array[] {
  const n = rows.length;
  const gram = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) gram[i * n + j] = gram[j * n + i] = innerProduct(rows[i]!, rows[j]!);
  }
  const gramRows = Array.from({ length: n }, (_, i) => gram.subarray(i * n, (i + 1) * n));
  // Any start will do that is not the same for two of them; a fixed one gives the same map again.
  let vectors: Float32Array[] = Array.from({ length: Math.min(dims, n) }, (_, d) =>
    Float32Array.from({ length: n }, (_, i) => Math.sin((i + 1) * (d + 1) * 1.7)),
  );
  for (let round = 0; round < ROUNDS; round++) {
    vectors = orthonormal(
      vectors.map((vector) => Float32Array.from(gramRows, (row) => innerProduct(row, vector))),
    );
  }
  const size = rows[0]?.length ?? 0;
  const directions = vectors.map((vector) => {
    const direction = new Float32Array(size);
    for (const [i, row] of rows.entries()) {
      for (let at = 0; at < size; at++) direction[at]! += vector[i]! * row[at]!;
    }
    return direction;
  });
  while (directions.length < dims) directions.push(new Float32Array(size));
  return directions.map((direction) => scaled(direction, 1 / (Math.hypot(...direction) || 1)));
}

/** Gram and Schmidt's way. */
function orthonormal(vectors: readonly Float32Array[]): Float32Array[] {
  const done: Float32Array[] = [];
  for (const vector of vectors) {
    let rest = vector;
    for (const before of done) rest = minus(rest, scaled(before, innerProduct(rest, before)));
    const length = Math.sqrt(innerProduct(rest, rest));
    done.push(scaled(rest, length > 1e-9 ? 1 / length : 0));
  }
  return done;
}

const minus = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, at) => value - b[at]!);
const scaled = (a: Float32Array, by: number): Float32Array => a.map((value) => value * by);

function meanOf(rows: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(rows[0]?.length ?? 0);
  for (const row of rows) for (let at = 0; at < mean.length; at++) mean[at]! += row[at]! / rows.length;
  return mean;
}
