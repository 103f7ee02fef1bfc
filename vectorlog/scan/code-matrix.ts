/** Vectors as 8-bit codes in memory, searched exactly: the few rows that codes leave over are read as float32. */

import type { Frame } from './codes.ts';
import { type Hit, TopK } from './hit.ts';
import { instantiate, type Kernel } from './kernel.ts';
import { kernelModule } from './kernel-module.ts';
import { MAX_DIMENSIONS, PAGE } from './layout.ts';
import { type CodedQuery, prepareQuery } from './query.ts';
import type { FoundRows } from './query-scan.ts';
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
 * const matrix = new CodeMatrix(frame);
 * matrix.append(frame.encode(vectors));
 * const { hits: [best] } = await matrix.search([query], { k: 10 }, readRows);
 */
export class CodeMatrix {
  readonly #memory: RowMemory;

  constructor(
    /** What the codes were made against. */
    readonly frame: Frame,
    options?: RowMemoryOptions,
  ) {
    const { dimensions, directions } = frame;
    this.#memory = new RowMemory({ kind: 'codes', dimensions, directions: directions.length }, options);
  }

  /** Bytes that `rows` rows take. @param directions that their codes keep apart */
  static bytesFor(rows: number, dimensions: number, directions: number): number {
    return RowMemory.bytesFor(rows, { kind: 'codes', dimensions, directions });
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
    const prepared = queries.map((query) => prepareQuery(query, this.frame));
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
    const scores = exactScores(query.floats, await read(rows));
    for (const [i, row] of rows.entries()) if (scores[i]! >= minScore) best.offer(row, scores[i]!);
    candidates.threshold = Math.max(candidates.threshold, best.threshold);
  }
}

/** Rows that are scored at a time. */
const SCORED_AT_ONCE = 4;

/** A kernel with memory for a query and some rows. */
interface Scorer {
  readonly kernel: Kernel;
  readonly numbers: Float32Array;
}

let scorer: Scorer | undefined;

function newScorer(): Scorer {
  const bytes = PAGE + (1 + SCORED_AT_ONCE) * MAX_DIMENSIONS * 4 + PAGE;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: 65_535, shared: true });
  return { kernel: instantiate(kernelModule(), memory), numbers: new Float32Array(memory.buffer) };
}

/** The scores that the full scan of float32 rows gives, to the bit. */
export function exactScores(query: Float32Array, vectors: readonly Float32Array[]): number[] {
  scorer ??= newScorer();
  const { kernel, numbers } = scorer;
  const { length } = query;
  const queryAt = PAGE / 4;
  const rowsAt = queryAt + MAX_DIMENSIONS;
  const scoresAt = rowsAt + SCORED_AT_ONCE * MAX_DIMENSIONS;
  numbers.set(query, queryAt);
  const scores: number[] = [];
  for (let start = 0; start < vectors.length; start += SCORED_AT_ONCE) {
    const some = vectors.slice(start, start + SCORED_AT_ONCE);
    for (const [i, vector] of some.entries()) numbers.set(vector, rowsAt + i * length);
    kernel.dotFloats(rowsAt * 4, SCORED_AT_ONCE, query.byteLength, queryAt * 4, scoresAt * 4);
    for (let i = 0; i < some.length; i++) scores.push(numbers[scoresAt + i]!);
  }
  return scores;
}
