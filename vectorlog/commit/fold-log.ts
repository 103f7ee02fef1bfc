/**
 * Which appends a commit folds, and what they make of the index: which rows come, which die, which deletions are
 * remembered.
 */

import { AppendUnreadable } from '../log/append-file.ts';
import { type AppendInfo, appendTime, readAppend } from '../log/append-log.ts';
import {
  ABSENT,
  type Append,
  compareVersions,
  type Entry,
  fold,
  type KeyState,
  versionAfter,
  versionOf,
} from '../log/record.ts';
import { mapInParallel } from '../parallel.ts';
import { ObjectNotFound } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { KeyedRow, KeyTable } from './base.ts';
import type { LogLimits } from './limits.ts';
import type { Tombstone } from './manifest.ts';
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
  readonly markers: readonly Tombstone[];
  /** What was put, and is older than what is known of its key now: it can never be in the index again. */
  readonly dropped: readonly KeyedRow[];
}

/**
 * Folds appends, in the order of their names, onto what `table` and `tombstones` know.
 *
 * Only the last row of a key is added: what is replaced within the same run never reaches the file.
 */
export function foldAppends(
  table: KeyTable,
  { markers, tombstones }: { readonly markers: readonly Tombstone[]; readonly tombstones: Tombstones },
  appends: readonly Append[],
  dimensions: number,
): Folding {
  const deleted = new Map(markers.map((marker) => [marker.key, marker]));
  const changed = new Map<string, { state: KeyState; row?: NewRow }>();
  const put: KeyedRow[] = [];

  const stateOf = (key: string): KeyState => {
    const state = changed.get(key)?.state ?? table.stateOf(key);
    const marker = deleted.get(key) ?? tombstones.get(key);
    return state === ABSENT && marker ? { state: 'deleted', version: marker.version } : state;
  };
  for (const { records, vectors } of appends)
    for (const record of records) {
      const { key } = record;
      if (record.op === 'put') put.push({ key, version: versionAfter(record), eTag: record.eTag });
      const state = fold(stateOf(key), record);
      if (!state) continue;
      if (record.op === 'delete' || state.state !== 'live') {
        changed.set(key, { state });
        continue;
      }
      const { row, eTag, attributes } = record;
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
  const was = [...put, ...died.map((row) => table.at(row))];
  const dropped = was.filter(({ key, version }) => isOlder(version, versionOf(stateOf(key))));
  return { added, died, markers: [...deleted.values()], dropped };
}

/** Whether an event came since; what a comparison changes back and forth has no order. */
const isOlder = (version: string | undefined, now: string | undefined): boolean =>
  now !== undefined && (version === undefined || compareVersions(version, now) < 0);

/** Whether the appends that wait are enough for a commit. */
export function isWorthFolding(
  waiting: readonly AppendInfo[],
  indexBytes: number,
  { foldAppends, foldShare, foldAfterMs }: LogLimits,
  now: number,
): boolean {
  const [oldest] = waiting;
  if (!oldest) return false;
  if (waiting.length >= foldAppends || now - appendTime(oldest.name) >= foldAfterMs) return true;
  return waiting.reduce((sum, { size }) => sum + size, 0) >= foldShare * indexBytes;
}

/** The part of the log that one commit folds: as much as fits in memory, the oldest first. */
export interface Portion {
  /** By name, in the order of names. */
  readonly appends: ReadonlyMap<string, Append>;
  /** Names of those that cannot be read. */
  readonly unreadable: readonly string[];
  /** How many did not fit. */
  readonly pending: number;
}

/**
 * Reads the first of `waiting`, which is in the order of names, that can be read: what cannot must not stand before all
 * others for ever.
 */
export async function readPortion(
  store: ObjectStore,
  waiting: readonly AppendInfo[],
  dimensions: number,
  limits: LogLimits,
): Promise<Portion> {
  const appends = new Map<string, Append>();
  const unreadable: string[] = [];
  let taken = 0;
  for (let isAllUnreadable = true; isAllUnreadable && taken < waiting.length; ) {
    const rest = waiting.slice(taken);
    const some = rest.slice(0, countThatFits(rest, limits));
    taken += some.length;
    const read = await mapInParallel(limits.readsAtOnce, some, ({ name }) =>
      readOrReason(store, name, dimensions),
    );
    for (const [i, append] of read.entries()) {
      if (append === 'unreadable') unreadable.push(some[i]!.name);
      else if (append !== 'gone') appends.set(some[i]!.name, append);
    }
    isAllUnreadable = read.every((append) => append === 'unreadable');
  }
  return { appends, unreadable, pending: waiting.length - taken };
}

function countThatFits(waiting: readonly AppendInfo[], limits: LogLimits): number {
  let bytes = 0;
  let count = 0;
  for (const { size } of waiting.slice(0, limits.maxAppendsPerCompaction)) {
    bytes += size;
    if (count > 0 && bytes > limits.maxBytesPerCompaction) break;
    count++;
  }
  return count;
}

/** An append that is gone was folded and cleaned away by another run, and this one will lose; or someone deleted it. */
async function readOrReason(
  store: ObjectStore,
  name: string,
  dimensions: number,
): Promise<Append | 'unreadable' | 'gone'> {
  try {
    return await readAppend(store, name, dimensions);
  } catch (error) {
    if (error instanceof AppendUnreadable) return 'unreadable';
    if (error instanceof ObjectNotFound) return 'gone';
    throw error;
  }
}
