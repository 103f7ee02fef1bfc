/** What the index knows of every key, log included, in the order in which object stores list keys. */

import { AppendUnreadable } from '../log/append-file.ts';
import { listAppends, readRecords } from '../log/append-log.ts';
import { ABSENT, fold, type KeyState, type LogRecord } from '../log/record.ts';
import { ObjectNotFound } from '../store/errors.ts';
import { compareKeys, type ObjectStore } from '../store/object-store.ts';
import { decodeDead, readRows } from './file-formats.ts';
import type { Manifest } from './manifest.ts';
import { latestManifest } from './newest-manifest.ts';
import { Tombstones } from './tombstones.ts';

export interface KnownKey {
  readonly key: string;
  readonly state: Exclude<KeyState, { state: 'absent' }>;
}

/** What the index knows of each key. */
export type KeyStates = ReadonlyMap<string, KnownKey['state']>;

/**
 * The keys of the index as it is when this begins, with those deleted recently. All are in memory at once, as they are in
 * every search. A key that a damaged index has in several live rows comes once, as its last row says.
 */
export async function readKeyStates(store: ObjectStore): Promise<KeyStates> {
  // The log after the manifest: what is folded meanwhile is still there.
  const manifest = (await latestManifest(store))?.manifest;
  const records = await unfoldedRecords(store, manifest);
  const states = new Map<string, KnownKey['state']>();
  const tombstones = manifest ? await Tombstones.read(store, manifest) : Tombstones.NONE;
  for (const [key, version] of tombstones.all()) states.set(key, { state: 'deleted', version });
  if (manifest)
    for await (const block of liveRows(store, manifest))
      for (const { key, state } of block) states.set(key, state);
  for (const record of records) {
    const state = fold(states.get(record.key) ?? ABSENT, record);
    if (state && state.state !== 'absent') states.set(record.key, state);
  }
  return states;
}

/** The keys that `isAsked` takes, in the order in which stores list them. */
export function* inKeyOrder(states: KeyStates, isAsked: (key: string) => boolean): Iterable<KnownKey> {
  for (const key of [...states.keys()].filter(isAsked).sort(compareKeys))
    yield { key, state: states.get(key)! };
}

/** All keys of the index, in the order in which stores list them. */
export async function* knownKeys(store: ObjectStore): AsyncIterable<KnownKey> {
  yield* inKeyOrder(await readKeyStates(store), () => true);
}

/** The live rows of the files, block by block, in the order of rows. */
export async function* liveRows(store: ObjectStore, { files, rows }: Manifest): AsyncIterable<KnownKey[]> {
  const dead = decodeDead(files.dead, (await store.get(files.dead)).body, rows);
  let row = 0;
  for await (const block of readRows(store, files.rows, { start: 0, end: files.rowsBytes }))
    yield block
      .filter(() => !dead.has(row++))
      .map(({ key, version, eTag }) => ({ key, state: { state: 'live', version, eTag } }));
}

/** What the log says and the files do not, in the order of appends. */
async function unfoldedRecords(store: ObjectStore, manifest: Manifest | undefined): Promise<LogRecord[]> {
  const folded = new Set(manifest?.folded.map(({ name }) => name));
  const records: LogRecord[] = [];
  for await (const append of listAppends(store)) {
    if (folded.has(append.name)) continue;
    try {
      records.push(...(await readRecords(store, append)));
    } catch (error) {
      // Gone: folded and cleaned away by now. Unreadable: as good as not there, and `verify` says so.
      if (!(error instanceof ObjectNotFound || error instanceof AppendUnreadable)) throw error;
    }
  }
  return records;
}
