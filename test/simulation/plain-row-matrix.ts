/** Takes the place of vectorlog/scan's `RowMatrix` in the simulation, which reads rows and never scans: no threads here. */

import { DIMENSIONS, ROW_BYTES } from '../../pictures/dimensions.ts';
import { Bitset } from '../../vectorlog/scan/bitset.ts';
import type { Reservation } from '../../vectorlog/scan/row-matrix.ts';

export const BLOCK_ROWS = 64;

export class RowMatrix {
  #bytes = new Uint8Array(0);
  #rows = 0;
  #dead = new Bitset(0);

  static bytesFor = (rows: number): number => rows * ROW_BYTES;

  get length(): number {
    return this.#rows;
  }

  reserve(rows: number): Reservation {
    const start = this.#rows;
    const end = start + rows;
    const bytes = new Uint8Array(end * ROW_BYTES);
    bytes.set(this.#bytes.subarray(0, start * ROW_BYTES));
    const targets = rows > 0 ? [{ start, end, bytes: bytes.subarray(start * ROW_BYTES) }] : [];
    const commit = () => {
      this.#bytes = bytes;
      this.#rows = end;
    };
    return { targets, commit, cancel: () => {} };
  }

  append(vectors: Float32Array): void {
    const { targets, commit } = this.reserve(vectors.length / DIMENSIONS);
    targets[0]?.bytes.set(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
    commit();
  }

  row(i: number): Float32Array {
    if (i < 0 || i >= this.#rows) throw new RangeError(`row ${i} of ${this.#rows}`);
    return new Float32Array(this.#bytes.buffer, i * ROW_BYTES, DIMENSIONS);
  }

  setDead(row: number): void {
    const grown = new Bitset(Math.max(row + 1, this.#dead.length));
    grown.bytes.set(this.#dead.bytes);
    grown.add(row);
    this.#dead = grown;
  }

  isDead(row: number): boolean {
    return this.#dead.has(row);
  }

  close(): void {}
}
