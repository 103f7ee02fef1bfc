/** Making the index anew from the bucket: for when its files are beyond repair. */

import type { Clock } from '../../vectorlog/clock.ts';
import { loadBase } from '../../vectorlog/commit/base.ts';
import { IndexDamaged } from '../../vectorlog/commit/errors.ts';
import { type History, historyOf, NO_HISTORY, namesOf } from '../../vectorlog/commit/garbage.ts';
import { LOG_LIMITS } from '../../vectorlog/commit/limits.ts';
import {
  assertOrigin,
  type Committed,
  commitManifest,
  listManifests,
  type Manifest,
  originOf,
} from '../../vectorlog/commit/manifest.ts';
import { newestManifest } from '../../vectorlog/commit/newest-manifest.ts';
import { spill, Tombstones } from '../../vectorlog/commit/tombstones.ts';
import { composeFiles, writeDead } from '../../vectorlog/commit/write-files.ts';
import { LikenessError } from '../../vectorlog/errors.ts';
import { AppendUnreadable } from '../../vectorlog/log/append-file.ts';
import { type AppendInfo, listAppends, readRecords } from '../../vectorlog/log/append-log.ts';
import { ABSENT, fold, type KeyState, type LogRecord, versionOf } from '../../vectorlog/log/record.ts';
import { indexNames } from '../../vectorlog/names.ts';
import { Bitset } from '../../vectorlog/scan/bitset.ts';
import { ObjectNotFound, ObjectUnreadable, StoreUnavailable } from '../../vectorlog/store/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../vectorlog/store/object-store.ts';
import { dimensionsOf } from '../dimensions.ts';
import {
  type BackfillDeps,
  type BackfillOptions,
  type BackfillReport,
  backfill,
} from '../ingest/backfill.ts';
import { isFolderMarker } from '../ingest/change.ts';
import { belongs, type PictureFilter } from '../picture-names.ts';

export interface RebuildDeps extends BackfillDeps {
  readonly modelId: string;
  readonly clock: Clock;
}

/** There is nothing to make the index anew from: it is left as it is. */
export class NothingToRebuildFrom extends LikenessError {
  readonly retryable = false;
}

/** Compactions that may come between before a rebuild gives up. */
const TRIES = 5;

/**
 * Commits an empty index, then has every picture of the bucket embedded again. Until that is done, searches find what
 * was embedded already and what came since. Whatever state index and log are in, even without a readable manifest, this
 * ends with good ones.
 *
 * With a prefix nothing is emptied: the pictures under it are embedded again, and each replaces what the index has of it.
 *
 * @returns what the backfill enqueued; that on-upload and compact have done it is for the caller to wait for
 * @throws NothingToRebuildFrom when there are no pictures, or they cannot be read: before anything was changed;
 *   IndexForeign; StoreUnavailable when compactions commit faster than this does
 */
export async function rebuild(
  deps: RebuildDeps,
  { startAfter, prefix, endings = 'all', dryRun = false, thumbnails, onProgress }: BackfillOptions = {},
): Promise<BackfillReport> {
  const options = {
    dryRun,
    endings,
    ...(thumbnails !== undefined && { thumbnails }),
    ...(onProgress && { onProgress }),
  };
  if (prefix) {
    const scope = { prefix, ...(startAfter !== undefined && { startAfter }) };
    return backfill(deps, { ...options, ...scope, again: true });
  }
  // To go on with a rebuild that was interrupted, its index must not be emptied again.
  if (startAfter !== undefined) return backfill(deps, { ...options, startAfter });
  if (dryRun) {
    const { found, archived } = await countPictures(deps.pictures, { prefix: '', endings });
    const none = { changed: 0, bare: 0, gone: 0, cursor: undefined };
    const report = { compared: found + archived, missing: found, archived, ...none };
    onProgress?.(report);
    return report;
  }
  await emptyIndex(deps, { prefix: '', endings });
  return backfill(deps, options);
}

/**
 * Commits an empty index: the first half of a rebuild. Done twice it is done once.
 *
 * @throws what `rebuild` throws
 */
export async function emptyIndex(deps: Omit<RebuildDeps, 'send'>, filter: PictureFilter): Promise<void> {
  await countPictures(deps.pictures, filter, 1);
  await commitEmpty(deps);
}

/** Pictures that are tried where the first ones are kept from us. */
const TRIED = 10;

/**
 * How many pictures there are that can be embedded, `enough` or more, once it is sure that they can be listed and read.
 *
 * @throws NothingToRebuildFrom
 */
async function countPictures(
  pictures: ObjectStore,
  filter: PictureFilter,
  enough = Number.POSITIVE_INFINITY,
): Promise<{ readonly found: number; readonly archived: number }> {
  let [found, archived, tried] = [0, 0, 0];
  let isSure = false;
  try {
    for await (const page of pictures.list({ prefix: '' }))
      for (const { key, size, isArchived } of page) {
        if (isFolderMarker(key, size) || !belongs(key, filter)) continue;
        if (isArchived) archived++;
        else if (isSure || (await canBeRead(pictures, { key, size }, ++tried < TRIED))) {
          isSure = true;
          if (++found >= enough) return { found, archived };
        }
      }
  } catch (cause) {
    const reason = `the pictures cannot be read (${(cause as Error).message})`;
    throw new NothingToRebuildFrom(`${reason}; the index is left as it is`, { cause });
  }
  if (found > 0) return { found, archived };
  const there = archived + tried > 0 ? 'no pictures that can be read' : 'no pictures';
  throw new NothingToRebuildFrom(`there are ${there}; the index is left as it is`);
}

/** @param isPatient whether one that is kept from us is passed over @throws what the read throws */
async function canBeRead(
  pictures: ObjectStore,
  { key, size }: Pick<ObjectInfo, 'key' | 'size'>,
  isPatient: boolean,
): Promise<boolean> {
  try {
    if (size > 0) await pictures.read(key, { start: 0, end: 1 });
    return true;
  } catch (error) {
    if (isPatient && error instanceof ObjectUnreadable) return false;
    throw error;
  }
}

async function commitEmpty({ index, modelId, origin, clock }: Omit<RebuildDeps, 'send'>): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const highest = (await listManifests(index)).at(-1);
    const generation = (highest?.generation ?? 0) + 1;
    const old = await readIfPossible(index);
    if (old) assertOrigin(old.manifest, { ...origin, modelId });
    const known = old ? historyOf(old) : NO_HISTORY;
    const [readable, older] = await readableTombstones(index, known);
    const live = old ? await liveStates(index, old) : [];
    const ulid = clock.ulid();
    // Codes come with the first rows.
    const { codes: _, tombstones, ...names } = indexNames(generation, ulid);
    const history = await spill(
      index,
      historyWithLog(readable, older, live, await readLog(index)),
      LOG_LIMITS.tombstonesInManifest,
      () => tombstones,
    );
    const rowsBytes = await composeFiles(index, {
      old: undefined,
      added: [],
      names,
      dimensions: dimensionsOf(modelId),
    });
    await writeDead(index, names.dead, new Bitset(0));
    const manifest: Manifest = {
      format: 1,
      generation,
      ...originOf({ ...origin, modelId }, old?.manifest),
      createdAt: new Date(clock.now()).toISOString(),
      lineage: ulid,
      rows: 0,
      live: 0,
      files: { ...names, rowsBytes },
      ...history,
      replaced: [...history.replaced, ...(old ? [{ names: namesOf(old.manifest.files), at: null }] : [])],
    };
    if (!(await commitManifest(index, manifest))) continue;
    if ((await listManifests(index)).at(-1)?.generation === generation) return;
  }
  throw new StoreUnavailable('compactions commit all the time; stop them and try again');
}

/** Segments of deletions that are damaged or gone are forgotten: what is rebuilt is what is in the bucket now. */
async function readableTombstones(index: ObjectStore, history: History): Promise<[History, Tombstones]> {
  try {
    return [history, await Tombstones.read(index, history)];
  } catch (error) {
    if (!(error instanceof IndexDamaged || error instanceof ObjectNotFound)) throw error;
    const readable = { ...history, tombstones: [] };
    return [readable, await Tombstones.read(index, readable)];
  }
}

/** What the rows say of the keys that are live, as far as they can be read. */
async function liveStates(index: ObjectStore, old: Committed): Promise<[string, KeyState][]> {
  try {
    const { table } = await loadBase(index, old, undefined, []);
    const rows = Array.from({ length: table.rows }, (_, row) => row).filter((row) => !table.dead.has(row));
    return rows.map((row) => {
      const { key, version, eTag } = table.at(row);
      return [key, { state: 'live', version, eTag }];
    });
  } catch (error) {
    if (error instanceof IndexDamaged || error instanceof ObjectNotFound) return [];
    throw error;
  }
}

interface Log {
  readonly names: readonly string[];
  readonly records: readonly LogRecord[];
}

/** All appends that are there, and what those say that can be read. */
async function readLog(index: ObjectStore): Promise<Log> {
  const names: string[] = [];
  const records: LogRecord[] = [];
  const add = async (append: AppendInfo) => {
    names.push(append.name);
    try {
      records.push(...(await readRecords(index, append)));
    } catch (error) {
      if (!(error instanceof AppendUnreadable || error instanceof ObjectNotFound)) throw error;
    }
  };
  for await (const append of listAppends(index)) await add(append);
  return { names, records };
}

/**
 * The log is replaced too: its vectors are as much in doubt as those of the files. The versions of all keys are remembered,
 * as those of deletions are: an event that is older than what was indexed, and late, must not show what was before.
 */
function historyWithLog(
  { folded, markers, tombstones, replaced }: History,
  older: Tombstones,
  live: readonly (readonly [string, KeyState])[],
  { names, records }: Log,
): History {
  const known = new Set(folded.map(({ name }) => name));
  const states = new Map<string, KeyState>([
    ...[...older.all()].map(([key, version]): [string, KeyState] => [key, { state: 'deleted', version }]),
    ...live,
  ]);
  const learned = new Map(live);
  for (const record of records) {
    const state = fold(states.get(record.key) ?? ABSENT, record);
    if (!state) continue;
    states.set(record.key, state);
    learned.set(record.key, state);
  }
  const remembered = new Map(markers.map((marker) => [marker.key, marker]));
  for (const [key, state] of learned) {
    const version = versionOf(state);
    if (version !== undefined) remembered.set(key, { key, version, at: null });
    else if (state.state === 'deleted') remembered.set(key, { key, at: null });
    else remembered.delete(key);
  }
  const added = names.filter((name) => !known.has(name)).map((name) => ({ name, at: null }));
  return { folded: [...folded, ...added], markers: [...remembered.values()], tombstones, replaced };
}

/** The newest manifest that can be read, whatever may be missing from it. */
async function readIfPossible(store: ObjectStore): Promise<Committed | undefined> {
  try {
    return (await newestManifest(store)).committed;
  } catch (error) {
    if (error instanceof IndexDamaged) return undefined;
    throw error;
  }
}
