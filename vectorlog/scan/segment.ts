/** A stretch of rows in one WebAssembly memory: it grows where it lies, so that views into it stay good. */

import { RowMemoryExhausted } from './errors.ts';
import { PAGE, QUERY_TILES, RowLayout, type RowShape, STAGES, TILE, WEIGHTS } from './layout.ts';
import type { SegmentGrant } from './pass.ts';
import type { CodedQuery } from './query.ts';

let memories = 0;

export class Segment implements SegmentGrant {
  readonly layout: RowLayout;

  /** @param id of the memory, by which threads know it */
  constructor(
    readonly shape: RowShape,
    readonly memory: WebAssembly.Memory,
    readonly id: number,
  ) {
    this.layout = new RowLayout(shape);
  }

  /** @throws RowMemoryExhausted when the machine has no more. */
  ensureRows(rows: number): void {
    const missing = this.layout.bytesFor(rows) - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.memory.grow(missing / PAGE);
    } catch (cause) {
      throw new RowMemoryExhausted(`no memory for ${rows} rows`, { cause });
    }
  }

  /** The bytes of rows. */
  bytes(row: number, rows: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.layout.rowAt(row), rows * this.layout.stride);
  }

  /** Lays the queries of the next pass where the kernel finds them. */
  setQueries(queries: readonly (Float32Array | CodedQuery)[]): void {
    const { buffer } = this.memory;
    for (const [i, query] of queries.entries()) {
      if (query instanceof Float32Array) {
        new Float32Array(buffer, this.layout.queryAt(i), query.length).set(query);
        continue;
      }
      const { coarse, fine, weights } = query;
      const head = new Uint8Array(buffer, 0, this.layout.headBytes);
      let to = this.layout.queryAt(i);
      for (let from = 0; from < coarse.length; from += TILE, to += TILE * QUERY_TILES)
        head.set(coarse.subarray(from, from + TILE), to);
      new Int16Array(buffer, this.layout.fineQueryAt(i), fine.length).set(fine);
      for (const stage of STAGES) {
        const { along, step, residual, norm, size, rest, least, apart, shares } = weights[stage];
        const at = new Float64Array(
          buffer,
          this.layout.weightsAt(i, stage),
          WEIGHTS * QUERY_TILES - (i % QUERY_TILES),
        );
        for (const [n, number] of [along, step, residual, norm, size, rest, least, apart].entries())
          at[n * QUERY_TILES] = number;
        const Shares = shares instanceof Int16Array ? Int16Array : Float64Array;
        new Shares(buffer, this.layout.sharesAt(i, stage), shares.length).set(shares);
      }
    }
  }
}

/**
 * WebAssembly memory cannot be freed, only forgotten and collected some day. So matrices that are closed leave theirs to
 * the next ones of the same pool, and a pool never holds more than were in use side by side.
 */
export class SegmentPool {
  readonly #idle: Segment[] = [];
  readonly #memories: WebAssembly.Memory[] = [];

  /** Bytes that nobody uses. */
  get idleBytes(): number {
    return this.#idle.reduce((sum, segment) => sum + bytesOf(segment), 0);
  }

  /** Bytes that are in use or wait to be. */
  get bytes(): number {
    return this.#memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  }

  /**
   * The idle memory that fits `bytes` best: the smallest that holds them, or else the largest; a new one when none is.
   *
   * @throws RowMemoryExhausted
   */
  take(shape: RowShape, bytes: number): Segment {
    const bySize = this.#idle.sort((a, b) => bytesOf(a) - bytesOf(b));
    const fits = bySize.findIndex((segment) => bytesOf(segment) >= bytes);
    const [idle] = fits < 0 ? bySize.splice(-1) : bySize.splice(fits, 1);
    if (idle) return new Segment(shape, idle.memory, idle.id);
    const memory = newMemory(new RowLayout(shape).headBytes);
    this.#memories.push(memory);
    return new Segment(shape, memory, ++memories);
  }

  /** Nobody reads or writes it any more. */
  give(segment: Segment): void {
    this.#idle.push(segment);
  }
}

const bytesOf = ({ memory }: Segment): number => memory.buffer.byteLength;

function newMemory(bytes: number): WebAssembly.Memory {
  try {
    // Reserves 4 GiB of addresses, which cost nothing, and takes memory only as it grows.
    return new WebAssembly.Memory({ initial: bytes / PAGE, maximum: 65_535, shared: true });
  } catch (cause) {
    throw new RowMemoryExhausted('no address space for another segment of rows', { cause });
  }
}
