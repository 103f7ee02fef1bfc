/** What a reader looks at to follow the store: the log and the commits, neighbours in the order of keys, by one list. */

import { type Committed, type ManifestInfo, manifestInfoOf } from '../commit/manifest.ts';
import { type AppendInfo, isAppendName } from '../log/append-log.ts';
import { LOG_PREFIX, MANIFEST_END } from '../names.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** The most that S3 gives in one page. */
const LARGEST_PAGE = 1_000;
/** What may have come since the last look without making it two requests; what follows the commits is listed in vain. */
const SPARE = 32;

export interface StoreState {
  readonly appends: readonly AppendInfo[];
  /** The lowest first. */
  readonly commits: readonly ManifestInfo[];
}

export class StoreStateReader {
  #pageSize = LARGEST_PAGE;

  constructor(private readonly store: ObjectStore) {}

  /**
   * One request, as long as appends and commits fit on a page.
   *
   * Its pages may be of different moments. The log comes before the commits, so that an append which is gone from the
   * one was folded by a commit which is in the other. A caller looks again when this took longer than `foldedGraceMs`:
   * hours later, a commit may have forgotten the marker of a deletion that an append on an early page is older than.
   *
   * @throws StoreUnavailable
   */
  async look(): Promise<StoreState> {
    const appends: AppendInfo[] = [];
    const commits: ManifestInfo[] = [];
    const options = { prefix: '', startAfter: LOG_PREFIX, endBefore: MANIFEST_END, pageSize: this.#pageSize };
    for await (const page of this.store.list(options))
      for (const object of page) {
        if (isAppendName(object.key)) appends.push({ name: object.key, size: object.size });
        const commit = manifestInfoOf(object);
        if (commit) commits.push(commit);
      }
    this.#pageSize = Math.min(LARGEST_PAGE, appends.length + commits.length + SPARE);
    return { appends, commits };
  }
}

/** Whether a commit that was read is still part of the store's history. */
export function isInHistory(committed: Committed | undefined, listed: readonly ManifestInfo[]): boolean {
  if (!committed) return true;
  const same = listed.find(({ generation }) => generation === committed.generation);
  // Old manifests are cleaned away; then only newer ones are listed.
  return same ? same.eTag === committed.eTag : (listed[0]?.generation ?? 0) > committed.generation;
}
