/** What compaction keeps in memory of the index: each key's row, version and eTag, and which rows are dead. */

import { ABSENT, type KeyState } from '../log/key-state.ts';
import type { Entry } from '../log/record.ts';
import { Bitset } from '../scan/bitset.ts';

/** What of an entry the fold asks for. */
export type KeyedRow = Pick<Entry, 'key' | 'version' | 'eTag'>;

/** Columns in place of an object for each row: at a million rows it is memory that limits a function. */
export class KeyTable {
  readonly #rowOf = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #versions: (string | undefined)[] = [];
  readonly #eTags: string[] = [];
  #dead = new Bitset(0);

  /** Rows, dead ones included. */
  get rows(): number {
    return this.#keys.length;
  }

  /** Rows that are not dead. */
  get live(): number {
    return this.#rowOf.size;
  }

  /** Set where a row is dead; not to be changed. */
  get dead(): Bitset {
    return this.#dead;
  }

  rowOf(key: string): number | undefined {
    return this.#rowOf.get(key);
  }

  stateOf(key: string): KeyState {
    const row = this.#rowOf.get(key);
    if (row === undefined) return ABSENT;
    return { state: 'live', version: this.#versions[row], eTag: this.#eTags[row]! };
  }

  /** Takes over the bitset of dead rows of a later generation, which may speak of rows that are yet to be added. */
  setDead(dead: Bitset): void {
    for (let row = 0; row < this.rows; row++) if (dead.has(row) && !this.#dead.has(row)) this.#forget(row);
    this.#dead = dead;
  }

  /** Adds rows at the end. */
  append(rows: Iterable<KeyedRow>): void {
    for (const { key, version, eTag } of rows) this.#add(key, version, eTag);
  }

  /** The table of the index that has the same live rows, in the same order, and no dead ones. */
  withoutDead(): KeyTable {
    const table = new KeyTable();
    for (let row = 0; row < this.rows; row++)
      if (!this.#dead.has(row)) table.#add(this.#keys[row]!, this.#versions[row], this.#eTags[row]!);
    table.#dead = new Bitset(table.rows);
    return table;
  }

  #add(key: string, version: string | undefined, eTag: string): void {
    const row = this.rows;
    this.#keys.push(key);
    this.#versions.push(version);
    this.#eTags.push(eTag);
    if (!this.#dead.has(row)) this.#rowOf.set(key, row);
  }

  #forget(row: number): void {
    const key = this.#keys[row]!;
    if (this.#rowOf.get(key) === row) this.#rowOf.delete(key);
  }
}

/** A copy of a bitset that has room for `length` bits. */
export function grown(bits: Bitset, length: number): Bitset {
  const copy = new Bitset(length);
  copy.bytes.set(bits.bytes.subarray(0, Math.min(bits.bytes.length, copy.bytes.length)));
  return copy;
}
