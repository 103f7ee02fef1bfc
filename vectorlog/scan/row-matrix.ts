/** The embeddings in memory: rows that arrive in place, are never changed, and are searched exactly. */

import { DIMENSIONS } from '../dimensions.ts';
import { Bitset } from './bitset.ts';
import { MatrixClosed } from './errors.ts';
import type { Hit } from './hit.ts';
import { BLOCK_ROWS, blockLayout, HEAD_BYTES } from './layout.ts';
import { SCAN_LIMITS } from './limits.ts';
import { prepareQuery } from './query.ts';
import { type RowMask, rowMask } from './row-mask.ts';
import { type ScannedRows, ScanQueue } from './scan-queue.ts';
import { Segment } from './segment.ts';

export { BLOCK_ROWS } from './layout.ts';

/** Rows from which on codes are made; fewer are scanned in float32 within a millisecond or so. */
const MIN_CODED_ROWS = 2048;

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

export interface RowMatrixOptions {
  /**
   * Whether to keep 8-bit codes beside the rows, a quarter more memory, which make searches several times faster.
   *
   * @default true
   */
  readonly codes?: boolean;
  /**
   * Blocks in one WebAssembly memory.
   *
   * @default as many as 4 GiB hold
   */
  readonly segmentBlocks?: number;
  /**
   * Whose threads scan.
   *
   * @default one queue for the whole process
   */
  readonly queue?: ScanQueue;
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
  /**
   * `false` scores every row in float32, whether it has codes or not. The answer is the same.
   *
   * @default true
   */
  readonly useCodes?: boolean;
}

export interface SearchResult {
  /** For each query its hits, the best first, equal scores by row. */
  readonly hits: Hit[][];
  /** Rows that could be hits: in range, allowed, not dead. */
  readonly scanned: number;
  /** Rows ruled out or in by their codes, summed over the queries; the others were scored in float32 at once. */
  readonly judged: number;
  /** Of the judged rows those that had to be scored in float32 as well. */
  readonly rescored: number;
  /** The codes ruled out too few rows for some query, so everything was scored in float32. */
  readonly fallback: boolean;
}

let processQueue: ScanQueue | undefined;

/** Threads keep what they were given, so the memory of a matrix that was forgotten without `close` is taken back here. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/** Rows are numbered from 0 in the order in which they were committed. */
export class RowMatrix {
  readonly #queue: ScanQueue;
  readonly #codes: boolean;
  readonly #rows: ScannedRows & { segments: Segment[]; toCode: number };
  #length = 0;
  #reserved = 0;
  #dead = new Bitset(0);
  #wholeMask: RowMask | undefined;
  readonly #release: () => void;
  #closed = false;

  constructor({ codes = true, segmentBlocks, queue }: RowMatrixOptions = {}) {
    processQueue ??= new ScanQueue();
    this.#queue = queue ?? processQueue;
    this.#codes = codes;
    const { maxBlocks } = blockLayout(codes);
    const segmentRows = Math.min(segmentBlocks ?? maxBlocks, maxBlocks) * BLOCK_ROWS;
    this.#rows = { segments: [], segmentRows, coded: 0, toCode: 0 };
    this.#release = releaser(this.#queue, this.#rows);
    forgotten.register(this, this.#release, this);
  }

  /** Bytes that `rows` rows take in memory. */
  static bytesFor(rows: number, { codes = true }: RowMatrixOptions = {}): number {
    const { blockBytes, maxBlocks } = blockLayout(codes);
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    return blocks * blockBytes + Math.ceil(blocks / maxBlocks) * HEAD_BYTES;
  }

  /** Rows that are searched, dead ones included. */
  get length(): number {
    return this.#length;
  }

  /** How many rows have codes by now; the others are scored in float32. */
  get coded(): number {
    return this.#rows.coded;
  }

  /**
   * Makes room for `rows` more rows. They are searched only after `commit`. One reservation may be open at a time.
   *
   * @throws RowMemoryExhausted when the machine has no more memory.
   */
  reserve(rows: number): Reservation {
    this.#assertOpen();
    if (this.#reserved > 0) throw new Error('a reservation is open already');
    const start = this.#length;
    const end = start + rows;
    this.#grow(end);
    this.#reserved = rows;
    return {
      targets: this.#targets(start, end),
      commit: () => {
        this.#length = end;
        this.#reserved = 0;
        this.#wholeMask = undefined;
        if (!this.#codes || end < MIN_CODED_ROWS) return;
        this.#rows.toCode = end;
        this.#queue.makeCodes(this.#rows);
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

  /** One row where it lies, good for as long as the matrix is kept open; not to be changed. */
  row(i: number): Float32Array {
    if (i < 0 || i >= this.#length + this.#reserved) throw new RangeError(`row ${i} of ${this.#length}`);
    return this.#segment(i).row(i % this.#rows.segmentRows);
  }

  /** From the next search on, `row` is no hit. A search that has begun keeps what it began with. */
  setDead(row: number): void {
    if (row >= this.#dead.length) {
      const grown = new Bitset(Math.max(row + 1, this.#length + this.#reserved, this.#dead.length * 2));
      grown.bytes.set(this.#dead.bytes);
      this.#dead = grown;
    }
    this.#dead.add(row);
    this.#wholeMask = undefined;
  }

  isDead(row: number): boolean {
    return this.#dead.has(row);
  }

  /**
   * The exact top k by inner product for each query, in IndexFlatIP's order.
   *
   * @throws QueryInvalid when a query is not 2,048 finite numbers, ScanFailed (retryable) when a thread died.
   */
  async search(queries: readonly Float32Array[], options: SearchOptions): Promise<SearchResult> {
    this.#assertOpen();
    const { k, minScore = Number.NEGATIVE_INFINITY, allowed, useCodes = true } = options;
    if (!Number.isInteger(k) || k < 1 || k > SCAN_LIMITS.maxK) throw new RangeError(`k = ${k}`);
    const { start, end } = options.rows ?? { start: 0, end: this.#length };
    if (start < 0 || end > this.#length + this.#reserved) throw new RangeError(`rows ${start} to ${end}`);

    const mask = options.rows || allowed ? rowMask(start, end, allowed, this.#dead) : this.#maskOfAll();
    const prepared = queries.map(prepareQuery);
    const question = { rows: this.#rows, start: start & ~3, end, k, minScore, mask: mask.bits, useCodes };
    const answers = await Promise.all(prepared.map((query) => this.#queue.ask({ ...question, query })));
    return {
      hits: answers.map(({ hits }) => hits),
      scanned: mask.count,
      judged: answers.reduce((total, { judged }) => total + judged, 0),
      rescored: answers.reduce((total, { rescored }) => total + rescored, 0),
      fallback: answers.some(({ fallback }) => fallback),
    };
  }

  /** Gives the memory back for other matrices; searches that have begun still end well. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    this.#release();
  }

  #assertOpen(): void {
    if (this.#closed) throw new MatrixClosed('the rows were closed');
  }

  #grow(end: number): void {
    const { segments, segmentRows } = this.#rows;
    while (segments.length * segmentRows < end) {
      segments.at(-1)?.ensureRows(segmentRows);
      segments.push(Segment.take(this.#codes));
    }
    segments.at(-1)?.ensureRows(end - (segments.length - 1) * segmentRows);
  }

  #segment(row: number): Segment {
    return this.#rows.segments[Math.floor(row / this.#rows.segmentRows)]!;
  }

  #targets(start: number, end: number): RowTarget[] {
    const targets: RowTarget[] = [];
    for (let from = start; from < end; from = targets.at(-1)!.end) {
      const to = Math.min(end, (Math.floor(from / BLOCK_ROWS) + 1) * BLOCK_ROWS);
      const bytes = this.#segment(from).bytes(from % this.#rows.segmentRows, to - from);
      targets.push({ start: from, end: to, bytes });
    }
    return targets;
  }

  /** The mask of most searches, made once for as long as the rows stay as they are. */
  #maskOfAll(): RowMask {
    this.#wholeMask ??= rowMask(0, this.#length, undefined, this.#dead);
    return this.#wholeMask;
  }
}

/** A function outside of the matrix, which must not keep alive what it waits for. */
function releaser(queue: ScanQueue, rows: ScannedRows): () => void {
  return () => {
    queue.whenDone(rows, () => {
      for (const segment of rows.segments) segment.release();
    });
  };
}
