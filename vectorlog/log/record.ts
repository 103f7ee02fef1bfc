/** What the append log says: this entry is there now, or: it is gone. */

import type { KeyState } from './key-state.ts';

/** JSON about an entry that the index keeps, filters by and gives back, and does not understand. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What the index knows of a key besides its vector. */
export interface Entry {
  readonly key: string;
  /**
   * Orders the changes of one key (`versions.ts`), and means nothing between keys. `undefined` when the entry was found
   * by a comparison and no event of its key is known.
   */
  readonly version: string | undefined;
  /** Tells one content of the key from another. */
  readonly eTag: string;
  readonly attributes: Attributes;
}

/** Names of an entry's own fields in a file, where its attributes stand beside them. */
const OWN_NAMES = new Set(['key', 'version', 'eTag', 'op', 'row', 'basis']);

/**
 * An entry as it stands in files: one flat object that begins with the key, attributes beside the other fields.
 *
 * @throws RangeError when an attribute has the name of a field: a mistake in the program
 */
export function flatten({ key, version, eTag, attributes }: Entry): Record<string, unknown> {
  for (const name of Object.keys(attributes))
    if (OWN_NAMES.has(name)) throw new RangeError(`"${name}" cannot be the name of an attribute`);
  return { key, version, eTag, ...attributes };
}

/**
 * The entry of a flat object out of a file.
 *
 * @throws TypeError when it has no key or no eTag, or they are no texts
 */
export function unflatten(flat: Readonly<Record<string, unknown>>): Entry {
  const { key, version, eTag, op: _, row: __, basis: ___, ...attributes } = flat;
  if (typeof key !== 'string' || typeof eTag !== 'string') throw new TypeError('no key or no eTag');
  if (version !== undefined && typeof version !== 'string') throw new TypeError('its version is no text');
  return { key, version, eTag, attributes };
}

/** A key was written; its vector is row `row` of the append that carries this record. */
export interface PutRecord extends Entry {
  readonly op: 'put';
  readonly row: number;
  /** There exactly when `version` is not: what the comparison knew of the key. */
  readonly basis?: KeyState;
}

/**
 * A key was deleted, or replaced by something that cannot be indexed. One with a version comes from an event, one with a
 * basis from a comparison.
 */
export interface DeleteRecord {
  readonly op: 'delete';
  readonly key: string;
  readonly version: string | undefined;
  readonly basis?: KeyState;
}

export type LogRecord = PutRecord | DeleteRecord;

/** One append: everything its writer learned at once, written as one object and never changed. */
export interface Append {
  readonly records: readonly LogRecord[];
  /** Unit vectors, row-major: `rows * dimensions` float32. */
  readonly vectors: Float32Array;
}
