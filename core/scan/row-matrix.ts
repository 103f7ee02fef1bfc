/** The embeddings in memory: rows that arrive in place, are never changed, and are searched exactly. */

import { DIMENSIONS, ROW_BYTES, SEARCH_LIMITS } from '../limits.ts';
import { Bitset } from './bitset.ts';
import { QueryInvalid } from './errors.ts';
import { byScore, type Hit } from './hit.ts';

/** Rows that lie together in memory, and so can be one download. */
export const BLOCK_ROWS = 1024;

/** A half-open range of rows: `start` included, `end` not. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Memory for some rows, to be filled with their float32 bytes, row-major, little-endian. */
export interface RowTarget extends RowRange {
  readonly bytes: Uint8Array;
}

/** Rows that are on their way. */
export interface Reservation {
  /** Where the rows go, in order; each at most a block, so that blocks can be filled side by side. */
  readonly targets: readonly RowTarget[];
  /** All targets are filled: from here on the rows belong to the matrix. */
  commit(): void;
  /** The rows did not come: gives their memory back. */
  cancel(): void;
}

export interface SearchOptions {
  /** How many hits at the most, 1 to 1,000. */
  readonly k: number;
  /** Hits with a lower score are left out. */
  readonly minScore?: number;
  /** Only these rows can be hits; all by default. Dead rows never are. */
  readonly allowed?: Bitset;
  /**
   * Only rows of this range are read. It may reach into reserved rows whose targets are filled, so that the first
   * scan of a download can follow the blocks as they come; `mergeHits` then makes one answer of several.
   *
   * @default all committed rows
   */
  readonly rows?: RowRange;
}

export interface SearchResult {
  /** For each query its hits, the best first, equal scores by row. */
  readonly hits: Hit[][];
  /** Rows that were candidates: in range, allowed, not dead; the largest of the queries'. */
  readonly scanned: number;
}

/** Rows are numbered from 0 in the order in which they were committed. */
export class RowMatrix {
  readonly #blocks: Float32Array[] = [];
  #length = 0;
  #reserved = 0;
  #dead = new Bitset(0);

  /** Rows that are searched, dead ones included. */
  get length(): number {
    return this.#length;
  }

  /**
   * Makes room for `rows` more rows. They are searched only after `commit`. One reservation may be open at a time.
   */
  reserve(rows: number): Reservation {
    if (this.#reserved > 0) throw new Error('a reservation is open already');
    const start = this.#length;
    const end = start + rows;
    while (this.#blocks.length * BLOCK_ROWS < end)
      this.#blocks.push(new Float32Array(BLOCK_ROWS * DIMENSIONS));
    this.#reserved = rows;
    const targets: RowTarget[] = [];
    for (let from = start; from < end; ) {
      const to = Math.min(end, (Math.floor(from / BLOCK_ROWS) + 1) * BLOCK_ROWS);
      const block = this.#blocks[Math.floor(from / BLOCK_ROWS)]!;
      const bytes = new Uint8Array(block.buffer, (from % BLOCK_ROWS) * ROW_BYTES, (to - from) * ROW_BYTES);
      targets.push({ start: from, end: to, bytes });
      from = to;
    }
    return {
      targets,
      commit: () => {
        this.#length = end;
        this.#reserved = 0;
      },
      cancel: () => {
        this.#reserved = 0;
      },
    };
  }

  /** Adds rows that are in memory already, row-major: a copy. */
  append(vectors: Float32Array): void {
    const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    const incoming = this.reserve(vectors.length / DIMENSIONS);
    let offset = 0;
    for (const target of incoming.targets) {
      target.bytes.set(bytes.subarray(offset, offset + target.bytes.length));
      offset += target.bytes.length;
    }
    incoming.commit();
  }

  /** One row where it lies, valid as long as the matrix; not to be changed. */
  row(i: number): Float32Array {
    if (i < 0 || i >= this.#length + this.#reserved) throw new RangeError(`row ${i} of ${this.#length}`);
    const start = (i % BLOCK_ROWS) * DIMENSIONS;
    return this.#blocks[Math.floor(i / BLOCK_ROWS)]!.subarray(start, start + DIMENSIONS);
  }

  /** From the next search on, `row` is no hit. A search that has begun keeps what it began with. */
  setDead(row: number): void {
    if (row >= this.#dead.length) {
      const grown = new Bitset(Math.max(row + 1, this.#length + this.#reserved, this.#dead.length * 2));
      grown.bytes.set(this.#dead.bytes);
      this.#dead = grown;
    }
    this.#dead.add(row);
  }

  isDead(row: number): boolean {
    return this.#dead.has(row);
  }

  /**
   * The exact top k by inner product for each query, in IndexFlatIP's order.
   *
   * @throws QueryInvalid when a query is not 2,048 finite numbers.
   */
  async search(queries: readonly Float32Array[], options: SearchOptions): Promise<SearchResult> {
    const { k, minScore = Number.NEGATIVE_INFINITY, allowed } = options;
    if (!Number.isInteger(k) || k < 1 || k > SEARCH_LIMITS.maxK) throw new RangeError(`k = ${k}`);
    const { start, end } = options.rows ?? { start: 0, end: this.#length };
    let scanned = 0;
    const hits = queries.map((query) => {
      if (query.length !== DIMENSIONS || !query.every(Number.isFinite)) {
        throw new QueryInvalid(`a query must be ${DIMENSIONS} finite numbers`);
      }
      const found: Hit[] = [];
      scanned = 0;
      for (let i = start; i < end; i++) {
        if (this.#dead.has(i) || (allowed && !allowed.has(i))) continue;
        scanned++;
        const row = this.row(i);
        let score = 0;
        for (let d = 0; d < DIMENSIONS; d++) score += row[d]! * query[d]!;
        score = Math.fround(score);
        if (score >= minScore) found.push({ row: i, score });
      }
      return found.sort(byScore).slice(0, k);
    });
    return { hits, scanned };
  }

  /** Gives the memory back; the matrix must not be used after. */
  close(): void {
    this.#blocks.length = 0;
    this.#length = 0;
  }
}
