/** A stretch of rows in one WebAssembly memory: it grows where it lies, so that views into it stay good. */

import { RowMemoryExhausted } from './errors.ts';
import { instantiate, type Kernel } from './kernel.ts';
import { kernelModule } from './kernel-module.ts';
import {
  headOf,
  PAGE,
  QUERY_TILES,
  RowLayout,
  type RowShape,
  SIEVE_WEIGHTS,
  SIEVES,
  STAGES,
  TILE,
  UNIT_ROWS,
  WEIGHTS,
} from './layout.ts';
import type { SegmentGrant } from './pass.ts';
import { type CodedQuery, sieveOf } from './query.ts';

let memories = 0;

export class Segment implements SegmentGrant {
  readonly layout: RowLayout;
  #kernel: Kernel | undefined;

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

  /** Where the bytes of rows arrive; of codes only before they are installed. */
  bytes(row: number, rows: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.layout.rowAt(row), rows * this.layout.stride);
  }

  /**
   * Lays codes where the scan reads them; float32 rows arrive there.
   *
   * @param records of the rows from `row` on: elsewhere, or where they arrive if `row` is the first of its unit
   */
  install(row: number, records: Uint8Array): void {
    const { layout, shape, memory } = this;
    if (shape.kind === 'float32') return;
    const { stride, recordsAt } = layout;
    this.#kernel ??= instantiate(kernelModule(), memory);
    const rows = records.length / stride;
    for (let done = 0; done < rows; ) {
      const from = row + done;
      const some = Math.min(UNIT_ROWS - (from % UNIT_ROWS), rows - done);
      const bytes = records.subarray(done * stride, (done + some) * stride);
      new Uint8Array(memory.buffer, recordsAt, bytes.length).set(bytes);
      const { dimensions } = shape;
      const head = headOf(dimensions);
      this.#kernel.split(recordsAt, some, stride, dimensions, head, layout.highAt(from), layout.lowAt(from));
      done += some;
    }
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
      const head = new Int8Array(buffer, 0, this.layout.headBytes);
      let to = this.layout.queryAt(i);
      for (let from = 0; from < coarse.length; from += TILE, to += TILE * QUERY_TILES)
        head.set(coarse.subarray(from, from + TILE), to);
      new Int16Array(buffer, this.layout.fineQueryAt(i), fine.length).set(fine);
      for (const stage of STAGES) {
        const { along, step, residual, norm, size, rest, least, apart, low, offset, shares } = weights[stage];
        const at = new Float64Array(
          buffer,
          this.layout.weightsAt(i, stage),
          WEIGHTS * QUERY_TILES - (i % QUERY_TILES),
        );
        for (const [n, number] of [
          along,
          step,
          residual,
          norm,
          size,
          rest,
          least,
          apart,
          low,
          offset,
        ].entries())
          at[n * QUERY_TILES] = number;
        const Shares = shares instanceof Int16Array ? Int16Array : Float64Array;
        new Shares(buffer, this.layout.sharesAt(i, stage), shares.length).set(shares);
      }
      for (const stage of SIEVES) {
        const { before, offset, behind } = sieveOf(query, stage);
        const at = this.layout.sieveAt(i, stage);
        const floats = new Float32Array(buffer, at, SIEVE_WEIGHTS * QUERY_TILES - (i % QUERY_TILES));
        for (const [n, number] of before.entries()) floats[n * QUERY_TILES] = number;
        new Int32Array(buffer, at + before.length * QUERY_TILES * 4, 1)[0] = offset;
        floats[(before.length + 1) * QUERY_TILES] = behind;
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
