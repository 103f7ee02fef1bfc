/** The float32 rows of an index: read one by one where an answer needs them, and kept in memory where there is room. */

import { rowOffset } from '../commit/file-formats.ts';
import type { Logger } from '../logger.ts';
import { Lru } from '../lru.ts';
import { inParallel, mapInParallel } from '../parallel.ts';
import { BLOCK_ROWS } from '../scan/layout.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Bytes of rows that were read one by one and are remembered. */
const REMEMBERED_BYTES = 32 * 1024 * 1024;
/** Reads of single rows that run side by side. */
const READS_AT_ONCE = 48;
/** Rows that stand together and are read in one go, at the most. */
const LONGEST_RUN = 64;
/** Blocks that come into memory side by side, after the first answer; few, so that searches are served meanwhile. */
const BLOCKS_AT_ONCE = 4;

export class Vectors {
  /** The first rows, block by block; the last one grows. */
  #blocks: Float32Array[] = [];
  readonly #remembered: Lru<number, Float32Array>;
  readonly #coming = new Map<number, Promise<Float32Array>>();
  #file = '';
  #following: Promise<void> | undefined;

  constructor(
    private readonly store: ObjectStore,
    private readonly dimensions: number,
    private readonly logger: Logger,
  ) {
    this.#remembered = new Lru(Math.floor(REMEMBERED_BYTES / (dimensions * 4)));
  }

  /** The FAISS file to read from: the newest one, as those of one lineage have the same rows. */
  set file(name: string) {
    this.#file = name;
  }

  /** The vectors of some rows, in their order; not to be changed. */
  async read(rows: readonly number[]): Promise<Float32Array[]> {
    const missing = rows.filter((row) => !this.#inMemory(row) && !this.#coming.has(row));
    const runs = runsOf([...new Set(missing)].sort((a, b) => a - b));
    const reads = inParallel(
      READS_AT_ONCE,
      runs.map(
        ({ start, end }) =>
          () =>
            this.#fetch(start, end),
      ),
    );
    for (const [i, { start, end }] of runs.entries())
      for (let row = start; row < end; row++) {
        const one = reads[i]!.then((vectors) => vectors[row - start]!);
        this.#coming.set(row, one);
        one
          .then((vector) => this.#remembered.set(row, vector))
          // Whoever asked for it hears of it.
          .catch(() => {})
          .finally(() => this.#coming.delete(row));
      }
    return Promise.all(rows.map((row) => this.#inMemory(row) ?? this.#coming.get(row)!));
  }

  /**
   * Brings the first `rows` rows into memory in the background when they take no more than `spareBytes`; gives back what
   * is there when they take more. What cannot be read is left to the next call: nothing depends on it.
   */
  follow(rows: number, spareBytes: number): void {
    if (rows * this.dimensions * 4 > spareBytes) {
      this.#blocks = [];
      return;
    }
    this.#following ??= this.#bring(rows)
      .catch((error: unknown) => this.logger.warn('rows were not read ahead', { error }))
      .finally(() => {
        this.#following = undefined;
      });
  }

  async #bring(rows: number): Promise<void> {
    const blocks = this.#blocks;
    const numbers = Array.from({ length: Math.ceil(rows / BLOCK_ROWS) }, (_, i) => i);
    await mapInParallel(BLOCKS_AT_ONCE, numbers, async (number) => {
      const known = blocks[number];
      const first = number * BLOCK_ROWS;
      const have = (known?.length ?? 0) / this.dimensions;
      const wanted = Math.min(BLOCK_ROWS, rows - first);
      // Given back meanwhile.
      if (have >= wanted || blocks !== this.#blocks) return;
      const block = new Float32Array(wanted * this.dimensions);
      if (known) block.set(known);
      await this.#readInto(first + have, first + wanted, block.subarray(have * this.dimensions));
      blocks[number] = block;
    });
  }

  #inMemory(row: number): Float32Array | undefined {
    const block = this.#blocks[Math.floor(row / BLOCK_ROWS)];
    const at = (row % BLOCK_ROWS) * this.dimensions;
    if (block && at < block.length) return block.subarray(at, at + this.dimensions);
    return this.#remembered.get(row);
  }

  async #fetch(start: number, end: number): Promise<Float32Array[]> {
    const all = new Float32Array((end - start) * this.dimensions);
    await this.#readInto(start, end, all);
    // Copies, so that remembering one does not keep its neighbours.
    return Array.from({ length: end - start }, (_, i) =>
      all.slice(i * this.dimensions, (i + 1) * this.dimensions),
    );
  }

  async #readInto(start: number, end: number, target: Float32Array): Promise<void> {
    const range = { start: rowOffset(start, this.dimensions), end: rowOffset(end, this.dimensions) };
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    await this.store.read(this.#file, range, bytes);
  }
}

/** Ascending rows as ranges of rows that stand together. */
function runsOf(rows: readonly number[]): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last && last.end === row && row - last.start < LONGEST_RUN) last.end++;
    else runs.push({ start: row, end: row + 1 });
  }
  return runs;
}
