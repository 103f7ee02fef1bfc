/** What duplicates are looked for in: one matrix, or an index and its tail under common row numbers. */

import type { Hit } from './hit.ts';

export interface DuplicateSource {
  /** The rows to compare, ascending. */
  readonly rows: readonly number[];
  /** The unit vector of one of them. */
  embedding(row: number): Float32Array;
  /** For each query the rows among `rows` that score at least `minScore`, the best `k`. */
  search(queries: readonly Float32Array[], options: { k: number; minScore: number }): Promise<Hit[][]>;
}
