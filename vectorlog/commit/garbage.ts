/**
 * What waits to be deleted: appends that were folded, files that were replaced, and files that a crashed or beaten run
 * left behind.
 */

import { INDEX_PREFIX } from '../names.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { LogLimits } from './limits.ts';
import type { CommitTime, Committed, Manifest } from './manifest.ts';

/** Stores date objects in whole seconds: two dates can seem to be up to this much further apart than they are. */
const DATE_RESOLUTION_MS = 1_000;

/** What a manifest carries over from the one before: its garbage, and which deletions are remembered. */
export type History = Pick<Manifest, 'folded' | 'markers' | 'replaced'> &
  Required<Pick<Manifest, 'tombstones'>>;

export const NO_HISTORY: History = { folded: [], markers: [], tombstones: [], replaced: [] };

/** The history of a committed manifest, with its own time filled in. */
export function historyOf({ manifest, committedAt }: Committed): History {
  const settle = <T extends { readonly at: CommitTime }>(entry: T) => ({
    ...entry,
    at: entry.at ?? committedAt,
  });
  return {
    folded: manifest.folded.map(settle),
    replaced: manifest.replaced.map(settle),
    markers: manifest.markers.map(settle),
    tombstones: (manifest.tombstones ?? []).map(settle),
  };
}

/**
 * The tombstones, or segments of them, that are younger than `tombstoneMs`. Only for a commit that leaves nothing of the
 * log unfolded: a slow put reaches the log within that time, but may wait there for longer when compaction is behind.
 *
 * @param listedAfter a time before the log was listed, by the store's clock
 */
export const stillRemembered = <T extends { readonly at: CommitTime }>(
  markers: readonly T[],
  listedAfter: number,
  tombstoneMs: number,
): T[] => markers.filter(({ at }) => at === null || listedAfter - at < tombstoneMs);

/** The history without the folded appends that are gone. */
export const withoutGoneAppends = (history: History, there: ReadonlySet<string>): History => ({
  ...history,
  folded: history.folded.filter(({ name }) => there.has(name)),
});

/** The history without the replaced files that are gone. */
export const withoutGoneFiles = (history: History, there: ReadonlySet<string>): History => ({
  ...history,
  replaced: history.replaced
    .map(({ names, at }) => ({ names: names.filter((name) => there.has(name)), at }))
    .filter(({ names }) => names.length > 0),
});

/** Names of folded appends and replaced files that have waited long enough at `now`, by the store's clock. */
export function expiredNames(
  { folded, replaced }: Pick<History, 'folded' | 'replaced'>,
  limits: LogLimits,
  now: number,
): string[] {
  const expired = (at: CommitTime, graceMs: number) =>
    at !== null && now - at >= graceMs + DATE_RESOLUTION_MS;
  return [
    ...folded.filter(({ at }) => expired(at, limits.foldedGraceMs)).map(({ name }) => name),
    ...replaced.filter(({ at }) => expired(at, limits.replacedGraceMs)).flatMap(({ names }) => names),
  ];
}

/** A file under `index/`. */
export interface IndexFile {
  readonly name: string;
  /** By the store's clock, milliseconds since the epoch. */
  readonly writtenAt: number;
}

/** The files under `index/`. */
export async function listIndexFiles(store: ObjectStore): Promise<IndexFile[]> {
  const files: IndexFile[] = [];
  for await (const page of store.list({ prefix: INDEX_PREFIX }))
    for (const { key, lastModified } of page) files.push({ name: key, writtenAt: lastModified.getTime() });
  return files;
}

/** The files that a manifest is about. */
export const namesOf = ({ faiss, rows, dead, codes }: Manifest['files']): string[] => [
  faiss,
  rows,
  dead,
  ...(codes ? [codes] : []),
];

/**
 * The files that no one will ever need, left by runs that crashed or lost, once `manifest` is the highest. A run that is
 * still at work has nothing to fear: it writes for a higher generation, or for one that it cannot win any more.
 *
 * @param listed files that were listed before the manifest was committed
 * @param before only files that were written before this: a rewrite that lost may still be rebased (`rebase.ts`)
 */
export function orphansOf(
  { generation, files, replaced, tombstones = [] }: Manifest,
  listed: readonly IndexFile[],
  before = Number.POSITIVE_INFINITY,
): string[] {
  const needed = new Set([
    ...namesOf(files),
    ...tombstones.map(({ name }) => name),
    ...replaced.flatMap(({ names }) => names),
  ]);
  return listed
    .filter(({ name, writtenAt }) => {
      const writtenFor = /^index\/(\d+)-/.exec(name)?.[1];
      if (writtenFor === undefined || Number(writtenFor) > generation || needed.has(name)) return false;
      return writtenAt < before;
    })
    .map(({ name }) => name);
}
