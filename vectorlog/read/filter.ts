/** Which entries a search may answer with: a key's beginning, and a condition on their attributes. */

import type { Attributes, Entry } from '../log/record.ts';
import { Lru } from '../lru.ts';
import { Bitset } from '../scan/bitset.ts';
import { escapedKey, keyOfLine, startsWith } from './key-lookup.ts';
import type { RowLines } from './row-lines.ts';

/** What must hold of an entry's attributes. */
export interface Condition {
  /** Conditions of one name let the same entries through; what was found is remembered under it. */
  readonly name: string;
  readonly holds: (attributes: Attributes) => boolean;
  /** JSON that stands in the line of every entry for which it holds: other lines need not be parsed. */
  readonly needle?: string;
  /**
   * Names of what an index elsewhere can filter by (the `filterable` of its projection), and values of which an entry has
   * one: what must be so wherever it holds.
   */
  readonly terms?: readonly { readonly name: string; readonly values: readonly string[] }[];
}

export interface Filter {
  readonly prefix: string;
  readonly condition?: Condition | undefined;
}

export const NO_FILTER: Filter = { prefix: '' };

export const isOpen = ({ prefix, condition }: Filter): boolean => prefix === '' && !condition;

export const matches = (
  { prefix, condition }: Filter,
  { key, attributes }: Pick<Entry, 'key' | 'attributes'>,
): boolean => key.startsWith(prefix) && (condition?.holds(attributes) ?? true);

/** Filters whose rows are remembered; one takes a bit a row. */
const REMEMBERED = 16;

/**
 * The rows that filters let through. Rows never change, so what was found once holds, and only rows that were added
 * since are looked at.
 */
export class FilteredRows {
  readonly #lines: RowLines;
  readonly #known = new Lru<string, Bitset>(REMEMBERED);

  constructor(lines: RowLines) {
    this.#lines = lines;
  }

  /** The rows below `rows`, dead ones included, that `filter` lets through; not to be changed. */
  rows(filter: Filter, rows: number): Bitset {
    const name = JSON.stringify([filter.prefix, filter.condition?.name]);
    let known = this.#known.get(name) ?? new Bitset(0);
    if (known.length < rows) known = this.#extend(filter, known, rows);
    this.#known.set(name, known);
    return known;
  }

  #extend(filter: Filter, known: Bitset, rows: number): Bitset {
    const extended = known.copy(rows);
    for (const row of this.#candidates(filter, known.length, rows)) {
      if (this.#matches(filter, row)) extended.add(row);
    }
    return extended;
  }

  /** Rows that may match. */
  *#candidates({ condition }: Filter, from: number, to: number): Iterable<number> {
    if (condition?.needle !== undefined) {
      for (const row of this.#lines.containing(Buffer.from(condition.needle), from)) {
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
    return !filter.condition || matches(filter, this.#lines.entry(row));
  }
}
