/** Vectors as 8-bit codes in memory, searched exactly: the few rows that codes leave over are read as float32. */

import type { Centre } from './codes.ts';
import { type Hit, TopK } from './hit.ts';
import { instantiate, type Kernel } from './kernel.ts';
import { kernelModule } from './kernel-module.ts';
import { MAX_DIMENSIONS, PAGE, recordBytes } from './layout.ts';
import type { FoundRows } from './pass.ts';
import { type CodedQuery, prepareQuery } from './query.ts';
import { type Reservation, RowMemory, type RowMemoryOptions, type SearchOptions } from './row-memory.ts';

/** Reads the float32 vectors of some rows, in their order; each may lie anywhere in memory. */
export type ReadVectors = (rows: readonly number[]) => Promise<readonly Float32Array[]>;

/** Rows that are read at a time, unless more are asked for: side by side they take no longer than one. */
const READ_AT_ONCE = 64;

export interface CodedResult {
  /** For each query its hits, the best first, equal scores by row. */
  readonly hits: Hit[][];
  /** Rows that were read as float32, summed over the queries. */
  readonly read: number;
}

/**
 * @example
 * const matrix = new CodeMatrix(centre);
 * matrix.append(centre.encode(vectors));
 * const { hits: [best] } = await matrix.search([query], { k: 10 }, readRows);
 */
export class CodeMatrix {
  readonly #memory: RowMemory;

  constructor(
    /** What the codes were made against. */
    readonly centre: Centre,
    options?: RowMemoryOptions,
  ) {
    this.#memory = new RowMemory({ kind: 'codes', dimensions: centre.dimensions }, options);
  }

  /** Bytes that `rows` rows take. */
  static bytesFor(rows: number, dimensions: number): number {
    return RowMemory.bytesFor(rows, { kind: 'codes', dimensions });
  }

  get length(): number {
    return this.#memory.length;
  }

  /** See `RowMemory.reserve`; the bytes are those of records. */
  reserve(rows: number): Reservation {
    return this.#memory.reserve(rows);
  }

  /** Adds records that are in memory already: a copy. */
  append(records: Uint8Array): void {
    this.#memory.append(records);
  }

  /** One row's record where it lies. */
  record(row: number): Uint8Array {
    return this.#memory.row(row).subarray(0, recordBytes(this.centre.dimensions));
  }

  /**
   * The exact top k by inner product for each query, in IndexFlatIP's order: the same hits, to the bit, as those of a
   * `RowMatrix` over the same rows.
   *
   * @param read the rows that the codes cannot rule out; what it throws, this throws
   * @throws QueryInvalid, ScanFailed (retryable) when a thread died, MatrixClosed
   */
  async search(
    queries: readonly Float32Array[],
    options: SearchOptions,
    read: ReadVectors,
  ): Promise<CodedResult> {
    const prepared = queries.map((query) => prepareQuery(query, this.centre));
    const found = await this.#memory.scan(prepared, options);
    const settled = await Promise.all(
      prepared.map((query, i) => settle(query, new Candidates(found[i]!, options), options, read)),
    );
    return {
      hits: settled.map(({ hits }) => hits),
      read: settled.reduce((sum, each) => sum + each.read, 0),
    };
  }

  /** Gives the memory back for others; searches that have begun still end well. */
  close(): void {
    this.#memory.close();
  }
}

/** Rows that may be among the best, the most promising first. */
class Candidates {
  /** Numbers within `#rows`. */
  readonly #order: Uint32Array;
  readonly #rows: readonly number[];
  readonly #highest: readonly number[];
  /** A score that the answer surely reaches. */
  threshold: number;
  #next = 0;

  constructor(parts: readonly FoundRows[], { k, minScore = Number.NEGATIVE_INFINITY }: SearchOptions) {
    const lowest = new TopK(k);
    for (const part of parts)
      for (let i = 0; i < part.rows.length; i++)
        if (part.lowest[i]! > Number.NEGATIVE_INFINITY) lowest.offer(part.rows[i]!, part.lowest[i]!);
    this.threshold = Math.max(minScore, lowest.threshold);
    this.#rows = parts.flatMap(({ rows }) => [...rows]);
    this.#highest = parts.flatMap(({ highest }) => [...highest]);
    this.#order = Uint32Array.from(this.#rows, (_, i) => i)
      .filter((i) => this.#highest[i]! >= this.threshold)
      .sort((a, b) => this.#highest[b]! - this.#highest[a]!);
  }

  /** The next rows that can still be hits; none when the answer is settled. */
  take(most: number): number[] {
    const rows: number[] = [];
    for (; rows.length < most && this.#next < this.#order.length; this.#next++) {
      const i = this.#order[this.#next]!;
      if (this.#highest[i]! < this.threshold) break;
      rows.push(this.#rows[i]!);
    }
    return rows;
  }
}

/** Looks at candidates in float32 for as long as one can still be a hit. */
async function settle(
  query: CodedQuery,
  candidates: Candidates,
  { k, minScore = Number.NEGATIVE_INFINITY }: SearchOptions,
  read: ReadVectors,
): Promise<{ hits: Hit[]; read: number }> {
  const best = new TopK(k);
  let count = 0;
  for (;;) {
    const rows = candidates.take(Math.max(k, READ_AT_ONCE));
    if (rows.length === 0) return { hits: best.kept(), read: count };
    count += rows.length;
    const vectors = await read(rows);
    for (const [i, row] of rows.entries()) {
      const score = exactScore(query.floats, vectors[i]!);
      if (score >= minScore) best.offer(row, score);
    }
    candidates.threshold = Math.max(candidates.threshold, best.threshold);
  }
}

let scorer: { readonly kernel: Kernel; readonly memory: WebAssembly.Memory } | undefined;

/** The score that the full scan of float32 rows gives, to the bit. */
export function exactScore(query: Float32Array, vector: Float32Array): number {
  if (!scorer) {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 65_535, shared: true });
    scorer = { kernel: instantiate(kernelModule(), memory), memory };
  }
  const { kernel, memory } = scorer;
  const [first, second] = [PAGE, PAGE + MAX_DIMENSIONS * 4];
  new Float32Array(memory.buffer, first, vector.length).set(vector);
  new Float32Array(memory.buffer, second, query.length).set(query);
  return kernel.dotFloat(first, second, query.byteLength);
}
