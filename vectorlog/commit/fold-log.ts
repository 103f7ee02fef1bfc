/** Folding appends onto an index: which rows come, which die, which deletions are to be remembered. */

import { fold } from '../log/fold.ts';
import { ABSENT, type KeyState } from '../log/key-state.ts';
import type { Append, Entry } from '../log/record.ts';
import type { KeyTable } from './key-table.ts';
import type { Marker } from './manifest.ts';
import type { Tombstones } from './tombstones.ts';

/** A row that is to be added: an entry, and its vector where it lies in the append. */
export interface NewRow {
  readonly entry: Entry;
  readonly vector: Float32Array;
}

/** What folding makes of an index; the index itself is as it was. */
export interface Folding {
  readonly added: readonly NewRow[];
  /** Rows of the index that die. */
  readonly died: readonly number[];
  /** Those that the next manifest has beside its segments. */
  readonly markers: readonly Marker[];
}

/**
 * Folds appends, in the order of their names, onto what `table` and `tombstones` know.
 *
 * Only the last row of a key is added: what is replaced within the same run never reaches the file.
 */
export function foldAppends(
  table: KeyTable,
  { markers, tombstones }: { readonly markers: readonly Marker[]; readonly tombstones: Tombstones },
  appends: readonly Append[],
  dimensions: number,
): Folding {
  const deleted = new Map(markers.map((marker) => [marker.key, marker]));
  const changed = new Map<string, { state: KeyState; row?: NewRow }>();

  const stateOf = (key: string): KeyState => {
    const state = changed.get(key)?.state ?? table.stateOf(key);
    const marker = deleted.get(key) ?? tombstones.get(key);
    return state === ABSENT && marker ? { state: 'deleted', version: marker.version } : state;
  };
  for (const { records, vectors } of appends)
    for (const record of records) {
      const state = fold(stateOf(record.key), record);
      if (!state) continue;
      if (record.op === 'delete' || state.state !== 'live') {
        changed.set(record.key, { state });
        continue;
      }
      const { row, key, eTag, attributes } = record;
      const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions);
      changed.set(key, { state, row: { entry: { key, version: state.version, eTag, attributes }, vector } });
    }

  const added: NewRow[] = [];
  const died: number[] = [];
  for (const [key, { state, row }] of changed) {
    const old = table.rowOf(key);
    if (old !== undefined) died.push(old);
    if (row) added.push(row);
    deleted.delete(key);
    if (state.state === 'deleted')
      deleted.set(key, { key, ...(state.version !== undefined && { version: state.version }), at: null });
  }
  return { added, died, markers: [...deleted.values()] };
}
