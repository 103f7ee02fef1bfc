/** A stretch of rows in one WebAssembly memory: it grows where it lies, so that views into it stay good. */

import { DIMENSIONS, ROW_BYTES } from '../dimensions.ts';
import { RowMemoryExhausted } from './errors.ts';
import type { SegmentGrant } from './job.ts';
import {
  BLOCK_ROWS,
  type BlockLayout,
  blockLayout,
  codedQueryAt,
  HEAD_BYTES,
  PAGE,
  queryAt,
  rowAt,
} from './layout.ts';
import type { PreparedQuery } from './query.ts';

/** WebAssembly memory cannot be freed, only forgotten and collected some day; so closed matrices leave it to new ones. */
const idle: Segment[] = [];
let segments = 0;

export class Segment implements SegmentGrant {
  readonly id = ++segments;
  readonly memory: WebAssembly.Memory;
  readonly #layout: BlockLayout;

  private constructor(readonly coded: boolean) {
    this.#layout = blockLayout(coded);
    try {
      // Reserves 4 GiB of addresses, which cost nothing, and takes memory only as it grows.
      this.memory = new WebAssembly.Memory({ initial: HEAD_BYTES / PAGE, maximum: 65_535, shared: true });
    } catch (cause) {
      throw new RowMemoryExhausted('no address space for another segment of rows', { cause });
    }
  }

  /** One that was released, or a new one. */
  static take(coded: boolean): Segment {
    const at = idle.findIndex((segment) => segment.coded === coded);
    return at < 0 ? new Segment(coded) : idle.splice(at, 1)[0]!;
  }

  /** Nobody reads or writes it any more. */
  release(): void {
    idle.push(this);
  }

  /** @throws RowMemoryExhausted when the machine has no more. */
  ensureRows(rows: number): void {
    const bytes = HEAD_BYTES + Math.ceil(rows / BLOCK_ROWS) * this.#layout.blockBytes;
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.memory.grow(missing / PAGE);
    } catch (cause) {
      throw new RowMemoryExhausted(`no memory for ${rows} rows`, { cause });
    }
  }

  /** The bytes of rows of one block. */
  bytes(row: number, rows: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, rowAt(this.#layout, row), rows * ROW_BYTES);
  }

  row(row: number): Float32Array {
    return new Float32Array(this.memory.buffer, rowAt(this.#layout, row), DIMENSIONS);
  }

  /** Lays the queries of the next pass where the kernel finds them. */
  setQueries(queries: readonly PreparedQuery[]): void {
    queries.forEach((query, i) => {
      new Float32Array(this.memory.buffer, queryAt(i), DIMENSIONS).set(query.floats);
      new Int16Array(this.memory.buffer, codedQueryAt(i), DIMENSIONS).set(query.integers);
    });
  }
}
