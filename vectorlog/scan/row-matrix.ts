/** Vectors of float32 in memory, searched exactly by reading all of them. */

import { byScore, type Hit } from './hit.ts';
import { assertQuery } from './query.ts';
import type { FoundRows } from './query-scan.ts';
import { type Reservation, RowMemory, type RowMemoryOptions, type SearchOptions } from './row-memory.ts';

/**
 * @example
 * const matrix = new RowMatrix(2048);
 * matrix.append(vectors);
 * const [hits] = await matrix.search([query], { k: 10 });
 */
export class RowMatrix {
  readonly #memory: RowMemory;

  constructor(
    readonly dimensions: number,
    options?: RowMemoryOptions,
  ) {
    this.#memory = new RowMemory({ kind: 'float32', dimensions }, options);
  }

  /** Bytes that `rows` rows take. */
  static bytesFor(rows: number, dimensions: number): number {
    return RowMemory.bytesFor(rows, { kind: 'float32', dimensions });
  }

  get length(): number {
    return this.#memory.length;
  }

  /** See `RowMemory.reserve`; the bytes are those of float32. */
  reserve(rows: number): Reservation {
    return this.#memory.reserve(rows);
  }

  /** Adds rows that are in memory already, row-major: a copy. */
  append(vectors: Float32Array): void {
    this.#memory.append(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
  }

  /** One row where it lies, good for as long as the matrix is kept open; not to be changed. */
  row(i: number): Float32Array {
    const { buffer, byteOffset } = this.#memory.row(i);
    return new Float32Array(buffer, byteOffset, this.dimensions);
  }

  /**
   * The exact top k by inner product for each query, in IndexFlatIP's order.
   *
   * @throws QueryInvalid, ScanFailed (retryable) when a thread died, MatrixClosed
   */
  async search(queries: readonly Float32Array[], options: SearchOptions): Promise<Hit[][]> {
    for (const query of queries) assertQuery(query, this.dimensions);
    const found = await this.#memory.scan(queries, options);
    return found.map((parts) => parts.flatMap(toHits).sort(byScore).slice(0, options.k));
  }

  /** Gives the memory back for others; searches that have begun still end well. */
  close(): void {
    this.#memory.close();
  }
}

const toHits = ({ rows, highest }: FoundRows): Hit[] =>
  Array.from(rows, (row, i): Hit => ({ row, score: highest[i]! }));
