/**
 * What the append log says of a key, and the one rule that makes delivery at least once and in any order safe: what a
 * record makes of what is known of its key.
 */

export type KeyState =
  /** Nothing is known of it, or what was known is too long ago to matter. */
  | { readonly state: 'absent' }
  /** It is in the index. The version is that of the latest event known of the key, if there was any. */
  | { readonly state: 'live'; readonly version: string | undefined; readonly eTag: string }
  /** It was deleted lately. */
  | { readonly state: 'deleted'; readonly version: string | undefined };

export const ABSENT: KeyState = { state: 'absent' };

/** Whether two states say the same. */
function sameState(a: KeyState, b: KeyState): boolean {
  if (a.state === 'absent' || b.state === 'absent') return a.state === b.state;
  if (a.version !== b.version) return false;
  return a.state === 'live' ? b.state === 'live' && a.eTag === b.eTag : b.state === 'deleted';
}

/** JSON about an entry that the index keeps, filters by and gives back, and does not understand. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What the index knows of a key besides its vector. */
export interface Entry {
  readonly key: string;
  /**
   * Orders the changes of one key (`compareVersions`), and means nothing between keys. `undefined` when the entry was found
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

/** The version of a key once a record of it applies: its own, or the one that the comparison knew. */
export function versionAfter({
  version,
  basis,
}: Pick<DeleteRecord, 'version' | 'basis'>): string | undefined {
  return version ?? (basis && versionOf(basis));
}

/** The version of the latest event that a state knows. */
export const versionOf = (state: KeyState): string | undefined =>
  state.state === 'absent' ? undefined : state.version;

/** One append: everything its writer learned at once, written as one object and never changed. */
export interface Append {
  readonly records: readonly LogRecord[];
  /** Unit vectors, row-major: `rows * dimensions` float32. */
  readonly vectors: Float32Array;
}

/**
 * Compares two S3 sequencers: hexadecimal, and aligned on the left, as seconds and a fraction of them are. They may
 * differ in length, so the shorter is padded with zeros on the right, as the S3 user guide says ("Event message
 * structure"). Only meaningful for two events of the same key.
 *
 * @returns negative when `a` is older, 0 when both are the same event, positive when `a` is newer
 */
export function compareVersions(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const x = a.toUpperCase().padEnd(length, '0');
  const y = b.toUpperCase().padEnd(length, '0');
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * Folds one record into the state of its key. The highest version wins, whatever the order: an equal version is a
 * duplicate and a lower one is late, and both change nothing. That holds against a deletion too, as long as it is
 * remembered.
 *
 * A record of a backfill has no version. It applies only where the key is still as the backfill saw it, and it leaves
 * the version as it was, so that events that were old before stay old. No clock is asked: `lastModified` would not do,
 * as S3 dates a multipart upload from its beginning.
 *
 * @returns the new state, or `undefined` when the record changes nothing
 */
export function fold(known: KeyState, record: LogRecord): KeyState | undefined {
  const knownVersion = versionOf(known);
  if (record.version === undefined) {
    if (!record.basis || !sameState(known, record.basis)) return undefined;
    return stateAfter(record, knownVersion);
  }
  if (knownVersion !== undefined && compareVersions(record.version, knownVersion) <= 0) return undefined;
  return stateAfter(record, record.version);
}

const stateAfter = (record: LogRecord, version: string | undefined): KeyState =>
  record.op === 'put' ? { state: 'live', version, eTag: record.eTag } : { state: 'deleted', version };
