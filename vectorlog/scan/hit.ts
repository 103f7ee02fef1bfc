/** An answer of the scan, and the one order that answers stand in. */

export interface Hit {
  readonly row: number;
  /** Inner product with the query; cosine similarity, since embeddings are unit vectors. */
  readonly score: number;
}

/** The best score first; equal scores by row, the lower first, as IndexFlatIP has them. */
export const byScore = (a: Hit, b: Hit): number => b.score - a.score || a.row - b.row;

/** The best `k` of several answers to one query, each over other rows. */
export function mergeHits(answers: readonly (readonly Hit[])[], k: number): Hit[] {
  return answers.flat().sort(byScore).slice(0, k);
}
