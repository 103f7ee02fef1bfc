/** What a manifest carries over from the one before: what waits to be deleted, and which deletions are remembered. */

import type { LogLimits } from './limits.ts';
import type { CommitTime, Manifest } from './manifest.ts';
import type { Committed } from './manifests.ts';

/** Stores date objects in whole seconds: two dates can seem to be up to this much further apart than they are. */
const DATE_RESOLUTION_MS = 1_000;

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
 * The markers, or segments of them, that have not had their time. Only for a commit that leaves nothing of the log unfolded: a slow put arrives
 * in the log within a marker's time, but when compaction is behind it may wait there for longer.
 *
 * @param listedAfter a time before the log was listed, by the store's clock
 */
export const stillRemembered = <T extends { readonly at: CommitTime }>(
  markers: readonly T[],
  listedAfter: number,
  markerMs: number,
): T[] => markers.filter(({ at }) => at === null || listedAfter - at < markerMs);

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
