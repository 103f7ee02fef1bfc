/** Which pictures a search may answer with: a key's beginning, and metadata that must be equal. */

import type { Picture } from '../log/record.ts';
import { Bitset } from '../scan/bitset.ts';
import { escapedKey, keyOfLine, startsWith } from './key-lookup.ts';
import type { RowLines } from './row-lines.ts';

/** A name in lower case, and the values of which a picture must have one. */
export interface MetadataCondition {
  readonly name: string;
  readonly values: readonly string[];
}

export interface Filter {
  readonly prefix: string;
  /** All of them must hold. */
  readonly metadata: readonly MetadataCondition[];
}

export const NO_FILTER: Filter = { prefix: '', metadata: [] };

export const isOpen = ({ prefix, metadata }: Filter): boolean => prefix === '' && metadata.length === 0;

export const matches = ({ prefix, metadata }: Filter, picture: Pick<Picture, 'key' | 'metadata'>): boolean =>
  picture.key.startsWith(prefix) &&
  metadata.every(({ name, values }) => {
    const value = Object.hasOwn(picture.metadata, name) ? picture.metadata[name] : undefined;
    return value !== undefined && values.includes(value);
  });

/** Filters whose rows are remembered; one takes a bit a row. */
const REMEMBERED = 16;

/**
 * The rows that filters let through. Rows never change, so what was found once holds, and only rows that were added
 * since are looked at.
 */
export class FilteredRows {
  readonly #lines: RowLines;
  /** In the order of their last use. */
  readonly #known = new Map<string, Bitset>();

  constructor(lines: RowLines) {
    this.#lines = lines;
  }

  /** The rows below `rows`, dead ones included, that `filter` lets through; not to be changed. */
  rows(filter: Filter, rows: number): Bitset {
    const name = JSON.stringify(filter);
    let known = this.#known.get(name) ?? new Bitset(0);
    if (known.length < rows) known = this.#extend(filter, known, rows);
    this.#known.delete(name);
    this.#known.set(name, known);
    if (this.#known.size > REMEMBERED) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }

  #extend(filter: Filter, known: Bitset, rows: number): Bitset {
    const extended = new Bitset(rows);
    extended.bytes.set(known.bytes);
    for (const row of this.#candidates(filter, known.length, rows)) {
      if (this.#matches(filter, row)) extended.add(row);
    }
    return extended;
  }

  /** Rows that may match. A condition on metadata finds its few rows by their bytes, without parsing the others. */
  *#candidates({ metadata: [condition] }: Filter, from: number, to: number): Iterable<number> {
    if (condition?.values.length === 1) {
      const needle = Buffer.from(`${JSON.stringify(condition.name)}:${JSON.stringify(condition.values[0])}`);
      for (const row of this.#lines.containing(needle, from)) {
        if (row >= to) return;
        yield row;
      }
      return;
    }
    for (let row = from; row < to; row++) yield row;
  }

  #matches(filter: Filter, row: number): boolean {
    const line = this.#lines.line(row);
    if (!startsWith(keyOfLine(line), escapedKey(filter.prefix))) return false;
    return filter.metadata.length === 0 || matches(filter, this.#lines.picture(row));
  }
}
