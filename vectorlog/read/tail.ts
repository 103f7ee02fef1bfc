/** The appends that no compaction has folded yet: fetched once each, kept, and laid over the index. */

import { type Append, type Entry, fold, type KeyState, type LogRecord } from '../log/record.ts';
import { Bitset } from '../scan/bitset.ts';
import { BLOCK_ROWS } from '../scan/layout.ts';
import { RowMatrix } from '../scan/row-matrix.ts';
import { SegmentPool } from '../scan/segment.ts';
import { ReferenceCount } from './memory.ts';

/** What the tail says of the pictures that it speaks of. */
export interface TailState {
  /** The row in the tail's matrix of each picture that the tail put; `undefined` for one that it deleted. */
  readonly rowOf: ReadonlyMap<string, number | undefined>;
  /** Rows of the matrix that answers may come from. */
  readonly live: Bitset;
  /** How many those are. */
  readonly pictures: number;
}

interface Held {
  readonly records: readonly LogRecord[];
  /** Where its vectors begin in the matrix. */
  readonly firstRow: number;
  readonly rows: number;
}

/** Tails leave their memory to each other: what an index left would be far too much for one. */
const pool = new SegmentPool();

export class Tail {
  readonly matrix: RowMatrix;
  /** Closes the matrix when its last user lets go. */
  readonly references = new ReferenceCount(() => this.matrix.close());
  readonly #appends = new Map<string, Held>();
  /** What stands in each row; `undefined` where an append has a vector that no record names. */
  readonly #entries: (Entry | undefined)[] = [];

  /** @param dimensions numbers in a vector */
  constructor(private readonly dimensions: number) {
    this.matrix = new RowMatrix(dimensions, { pool });
  }

  /** Names of the appends that are held. */
  get names(): readonly string[] {
    return [...this.#appends.keys()];
  }

  has(name: string): boolean {
    return this.#appends.has(name);
  }

  /** What stands in a row of the matrix. */
  entry(row: number): Entry {
    const entry = this.#entries[row];
    if (!entry) throw new RangeError(`no entry in row ${row} of the tail`);
    return entry;
  }

  add(name: string, { records, vectors }: Append): void {
    const firstRow = this.matrix.length;
    const rows = vectors.length / this.dimensions;
    this.matrix.append(vectors);
    this.#entries.length = firstRow + rows;
    for (const record of records) if (record.op === 'put') this.#entries[firstRow + record.row] = record;
    this.#appends.set(name, { records, firstRow, rows });
  }

  /**
   * Lets go of all appends but those of `names`. Rows stay where they are until more are gone than are left; then the
   * tail moves to a new matrix, and this one is for the searches that still use it.
   *
   * @returns the tail to go on with: this one, or its successor
   */
  keep(names: ReadonlySet<string>): Tail {
    for (const name of this.#appends.keys()) if (!names.has(name)) this.#appends.delete(name);
    let kept = 0;
    for (const { rows } of this.#appends.values()) kept += rows;
    if (this.matrix.length <= Math.max(BLOCK_ROWS, 2 * kept)) return this;

    const successor = new Tail(this.dimensions);
    for (const [name, { records, firstRow, rows }] of this.#appends) {
      const vectors = new Float32Array(rows * this.dimensions);
      for (let row = 0; row < rows; row++)
        vectors.set(this.matrix.row(firstRow + row), row * this.dimensions);
      successor.add(name, { records, vectors });
    }
    return successor;
  }

  /**
   * Folds all records, in the order of their appends' names, over what the index knows.
   *
   * @param indexed what the index itself says of a key
   */
  state(indexed: (key: string) => KeyState): TailState {
    const states = new Map<string, KeyState>();
    const rowOf = new Map<string, number | undefined>();
    for (const name of this.names.toSorted()) {
      const { records, firstRow } = this.#appends.get(name)!;
      for (const record of records) {
        const next = fold(states.get(record.key) ?? indexed(record.key), record);
        if (!next) continue;
        states.set(record.key, next);
        rowOf.set(record.key, record.op === 'put' ? firstRow + record.row : undefined);
      }
    }
    const live = new Bitset(this.matrix.length);
    let pictures = 0;
    for (const row of rowOf.values()) {
      if (row === undefined) continue;
      live.add(row);
      pictures++;
    }
    return { rowOf, live, pictures };
  }
}
