/** Rows of one kind in memory: they arrive in place, are never changed, and lie where the scan's threads reach them. */

import type { Bitset } from './bitset.ts';
import { MatrixClosed } from './errors.ts';
import { MAX_K } from './hit.ts';
import { BLOCK_ROWS, RowLayout, type RowShape, UNIT_ROWS } from './layout.ts';
import type { CodedQuery } from './query.ts';
import type { FoundRows } from './query-scan.ts';
import { type ScannedRows, ScanQueue } from './scan-queue.ts';
import { type Segment, SegmentPool } from './segment.ts';

/** A half-open range of rows: `start` included, `end` not. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Memory for some rows, to be filled with their bytes, row after row, little-endian. */
export interface RowTarget extends RowRange {
  readonly bytes: Uint8Array;
  /** All bytes are there: lays them where they are searched. To be called once, after which they are not to be read. */
  readonly install: () => void;
}

/** Rows that are on their way. */
export interface Reservation {
  /** Where the rows go, in order; each at most a block, so that blocks can be filled side by side. */
  readonly targets: readonly RowTarget[];
  /** All targets are installed: from here on the rows are searched. */
  commit(): void;
  /** The rows did not come: gives their memory back. */
  cancel(): void;
}

export interface RowMemoryOptions {
  /**
   * Where memory comes from and goes to.
   *
   * @default one pool for the whole process
   */
  readonly pool?: SegmentPool | undefined;
  /**
   * Blocks in one WebAssembly memory.
   *
   * @default as many as 4 GiB hold
   */
  readonly segmentBlocks?: number | undefined;
  /**
   * Whose threads scan.
   *
   * @default one queue for the whole process
   */
  readonly queue?: ScanQueue | undefined;
}

export interface SearchOptions {
  /** How many hits at the most, 1 to 1,000. */
  readonly k: number;
  /** Hits with a lower score are left out. */
  readonly minScore?: number | undefined;
  /** Only these rows can be hits; all by default. */
  readonly allowed?: Bitset | undefined;
  /** Only rows of this range are read; all by default. */
  readonly rows?: RowRange | undefined;
}

let processQueue: ScanQueue | undefined;
const processPool = new SegmentPool();

/** Rows are numbered from 0 in the order in which they were committed. */
export class RowMemory {
  readonly #queue: ScanQueue;
  readonly #pool: SegmentPool;
  readonly #layout: RowLayout;
  readonly #rows: ScannedRows & { segments: Segment[] };
  #length = 0;
  #reserved = 0;
  #closed = false;

  constructor(
    readonly shape: RowShape,
    { pool = processPool, segmentBlocks, queue }: RowMemoryOptions = {},
  ) {
    processQueue ??= new ScanQueue();
    this.#queue = queue ?? processQueue;
    this.#pool = pool;
    this.#layout = new RowLayout(shape);
    const { maxRows } = this.#layout;
    this.#rows = { segments: [], segmentRows: Math.min((segmentBlocks ?? Infinity) * BLOCK_ROWS, maxRows) };
  }

  /** Bytes that `rows` rows take. */
  static bytesFor(rows: number, shape: RowShape): number {
    const layout = new RowLayout(shape);
    const full = Math.floor(rows / layout.maxRows);
    const rest = rows - full * layout.maxRows;
    return full * layout.bytesFor(layout.maxRows) + (rest > 0 ? layout.bytesFor(rest) : 0);
  }

  /** Rows that are searched. */
  get length(): number {
    return this.#length;
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
      },
      cancel: () => {
        this.#reserved = 0;
      },
    };
  }

  /** Adds rows that are in memory already: a copy. */
  append(bytes: Uint8Array): void {
    const incoming = this.reserve(bytes.length / this.#layout.stride);
    let offset = 0;
    for (const target of incoming.targets) {
      target.bytes.set(bytes.subarray(offset, offset + target.bytes.length));
      target.install();
      offset += target.bytes.length;
    }
    incoming.commit();
  }

  /** One float32 row's bytes where they lie, good for as long as this is kept open; not to be changed. */
  row(i: number): Uint8Array {
    if (i < 0 || i >= this.#length + this.#reserved) throw new RangeError(`row ${i} of ${this.#length}`);
    return this.#segment(i).bytes(i % this.#rows.segmentRows, 1);
  }

  /** The rows that may be among each query's best, as each thread found them. @throws ScanFailed, MatrixClosed */
  async scan(
    queries: readonly (Float32Array | CodedQuery)[],
    { k, minScore = Number.NEGATIVE_INFINITY, allowed, rows }: SearchOptions,
  ): Promise<FoundRows[][]> {
    this.#assertOpen();
    if (!Number.isInteger(k) || k < 1 || k > MAX_K) throw new RangeError(`k = ${k}`);
    const { start, end } = rows ?? { start: 0, end: this.#length };
    if (start < 0 || end > this.#length) throw new RangeError(`rows ${start} to ${end}`);
    const mask = allowed && maskOf(allowed, end);
    const question = { rows: this.#rows, start, end, k, minScore, mask };
    return Promise.all(queries.map((query) => this.#queue.ask({ ...question, query })));
  }

  /** Gives the memory back for others; searches that have begun still end well. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.whenDone(this.#rows, () => {
      for (const segment of this.#rows.segments) this.#pool.give(segment);
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new MatrixClosed('the rows were closed');
  }

  #grow(end: number): void {
    const { segments, segmentRows } = this.#rows;
    while (segments.length * segmentRows < end) {
      segments.at(-1)?.ensureRows(segmentRows);
      const rows = Math.min(segmentRows, end - segments.length * segmentRows);
      segments.push(this.#pool.take(this.shape, this.#layout.bytesFor(rows)));
    }
    segments.at(-1)?.ensureRows(end - (segments.length - 1) * segmentRows);
  }

  #segment(row: number): Segment {
    return this.#rows.segments[Math.floor(row / this.#rows.segmentRows)]!;
  }

  #targets(start: number, end: number): RowTarget[] {
    const targets: RowTarget[] = [];
    for (let from = start; from < end; from = targets.at(-1)!.end) {
      const segment = this.#segment(from);
      const row = from % this.#rows.segmentRows;
      // Codes of a unit that has some arrive elsewhere: their own place is where the low halves of the others are.
      const isBegun = this.shape.kind === 'codes' && row % UNIT_ROWS > 0;
      const to = Math.min(end, nextMultiple(from, isBegun ? UNIT_ROWS : BLOCK_ROWS));
      const bytes = isBegun
        ? new Uint8Array((to - from) * this.#layout.stride)
        : segment.bytes(row, to - from);
      targets.push({ start: from, end: to, bytes, install: () => segment.install(row, bytes) });
    }
    return targets;
  }
}

const nextMultiple = (row: number, of: number): number => (Math.floor(row / of) + 1) * of;

/** The bits of rows up to `end`, as they are now. Bits past the end of a set may be anything in its last byte. */
const maskOf = (allowed: Bitset, end: number): Uint8Array => allowed.copy(end).bytes;
