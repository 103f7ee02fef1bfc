/**
 * The index that a compaction builds on: the highest manifest, and what it says of each key, which is the key's row,
 * version and eTag, and whether the row is dead.
 */

import { ABSENT, type Entry, type KeyState } from '../log/record.ts';
import { Bitset } from '../scan/bitset.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexDamaged } from './errors.ts';
import { decodeDead, readRows } from './file-formats.ts';
import type { Committed, Manifest, ManifestInfo } from './manifest.ts';

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

  /** What stands in a row, dead or alive. */
  at(row: number): KeyedRow {
    return { key: this.#keys[row]!, version: this.#versions[row], eTag: this.#eTags[row]! };
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

export interface Base {
  /** `undefined` where nothing is committed yet. */
  readonly committed: Committed | undefined;
  readonly table: KeyTable;
}

export const emptyBase = (): Base => ({ committed: undefined, table: new KeyTable() });

/**
 * The base of a commit: from the one that is in memory, by reading only what was added since, or else from the rows
 * file.
 *
 * @param listed the manifests that are there, to tell whether the commit in memory is in their history
 */
export async function loadBase(
  store: ObjectStore,
  committed: Committed,
  warm: Base | undefined,
  listed: readonly ManifestInfo[],
): Promise<Base> {
  const { manifest } = committed;
  const known = warm?.committed;
  if (!warm || !known || !isAncestor(known, committed, listed)) {
    const table = new KeyTable();
    await advance(store, table, manifest, 0);
    return { committed, table };
  }
  if (known.generation < committed.generation) {
    await advance(store, warm.table, manifest, known.manifest.files.rowsBytes);
  }
  return { committed, table: warm.table };
}

/**
 * Whether the later commit only appends to the earlier. A store that was restored from a copy can have other commits
 * of the same numbers in the same lineage, so the earlier has to be in the list still, and be the same object.
 */
function isAncestor(earlier: Committed, later: Committed, listed: readonly ManifestInfo[]): boolean {
  return (
    // Where the newest manifest cannot be read any more, the commit in memory may be that one.
    earlier.generation <= later.generation &&
    earlier.manifest.lineage === later.manifest.lineage &&
    listed.some(({ generation, eTag }) => generation === earlier.generation && eTag === earlier.eTag)
  );
}

/** Brings a table up to a manifest, reading the rows file from byte `start`. Should it fail, the table is of no use. */
async function advance(
  store: ObjectStore,
  table: KeyTable,
  manifest: Manifest,
  start: number,
): Promise<void> {
  const { files, rows, live } = manifest;
  const { body } = await store.get(files.dead);
  table.setDead(decodeDead(files.dead, body, rows));
  for await (const block of readRows(store, files.rows, { start, end: files.rowsBytes })) table.append(block);
  if (table.rows !== rows) throw new IndexDamaged(files.rows, `it has ${table.rows} rows and not ${rows}`);
  if (table.live !== live) throw new IndexDamaged(files.rows, `${table.live} keys are live and not ${live}`);
}
