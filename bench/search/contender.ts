/** What every search that is compared can do. */

export interface Contender {
  readonly name: string;
  /**
   * One call with these queries, `k` = 10.
   *
   * @returns milliseconds, and for each query the rows found, the best first
   */
  search(queries: readonly Float32Array[]): Promise<{ ms: number; rows: number[][] }>;
  close(): Promise<void>;
}

export const K = 10;

/** Times what is given, in milliseconds. */
export async function timed<T>(work: () => T | Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

/** Queries one behind the other. */
export function joined(queries: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(queries.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const query of queries) {
    all.set(query, at);
    at += query.length;
  }
  return all;
}

/** A flat list of `K` rows a query as lists. */
export const byQuery = (flat: readonly number[]): number[][] =>
  Array.from({ length: flat.length / K }, (_, i) => flat.slice(i * K, (i + 1) * K));
