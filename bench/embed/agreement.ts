/** How far two models agree on which pictures are most alike. */

/**
 * For each picture the share of its `k` nearest by `a` that are also among its `k` nearest by `b`, averaged.
 * Vectors are unit vectors, in the same order on both sides.
 */
export function neighbourAgreement(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  k: number,
): number {
  let shared = 0;
  for (let query = 0; query < a.length; query++) {
    const others = nearest(b, query, k);
    shared += [...nearest(a, query, k)].filter((index) => others.has(index)).length;
  }
  return shared / (a.length * Math.min(k, a.length - 1));
}

function nearest(vectors: readonly Float32Array[], query: number, k: number): Set<number> {
  const scores = vectors.map((vector) => vector.reduce((sum, x, i) => sum + x * vectors[query]![i]!, 0));
  const indices = [...vectors.keys()].filter((index) => index !== query);
  return new Set(indices.sort((left, right) => scores[right]! - scores[left]!).slice(0, k));
}
