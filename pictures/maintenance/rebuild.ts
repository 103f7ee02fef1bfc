/** Making the index anew from the bucket: for when its files are beyond repair. */

import type { Clock } from '../../vectorlog/clock.ts';
import { IndexDamaged } from '../../vectorlog/commit/errors.ts';
import { historyOf, NO_HISTORY } from '../../vectorlog/commit/history.ts';
import { namesOf } from '../../vectorlog/commit/index-files.ts';
import type { Manifest } from '../../vectorlog/commit/manifest.ts';
import {
  type Committed,
  commitManifest,
  listManifests,
  readManifest,
} from '../../vectorlog/commit/manifests.ts';
import { composeFiles, writeDead } from '../../vectorlog/commit/write-files.ts';
import { indexNames } from '../../vectorlog/names.ts';
import { Bitset } from '../../vectorlog/scan/bitset.ts';
import { StoreUnavailable } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { DIMENSIONS } from '../dimensions.ts';
import {
  type BackfillDeps,
  type BackfillOptions,
  type BackfillReport,
  backfill,
} from '../ingest/backfill.ts';

export interface RebuildDeps extends BackfillDeps {
  readonly modelId: string;
  readonly clock: Clock;
}

/** Compactions that may come between before a rebuild gives up. */
const TRIES = 5;

/**
 * Commits an empty index, then has every picture of the bucket embedded again. Until that is done, searches find what
 * was embedded already and what is in the log. Whatever state the index is in, even without a readable manifest, this
 * ends with a good one.
 *
 * @returns what the backfill enqueued; that on-upload and compact have done it is for the caller to wait for
 * @throws StoreUnavailable when compactions commit faster than this does
 */
export async function rebuild(
  deps: RebuildDeps,
  { startAfter, dryRun = false, onProgress }: Omit<BackfillOptions, 'prefix'> = {},
): Promise<BackfillReport> {
  // To go on with a rebuild that was interrupted, its index must not be emptied again.
  if (startAfter === undefined && !dryRun) await commitEmpty(deps);
  return backfill(deps, {
    dryRun,
    ...(startAfter !== undefined && { startAfter }),
    ...(onProgress && { onProgress }),
  });
}

async function commitEmpty({ index, modelId, clock }: RebuildDeps): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const highest = (await listManifests(index)).at(-1);
    const generation = (highest?.generation ?? 0) + 1;
    const old = highest && (await readIfPossible(index, highest));
    const history = old ? historyOf(old) : NO_HISTORY;

    const ulid = clock.ulid();
    // Codes come with the first rows.
    const { codes: _, ...names } = indexNames(generation, ulid);
    const rowsBytes = await composeFiles(index, {
      old: undefined,
      added: [],
      names,
      dimensions: DIMENSIONS,
    });
    await writeDead(index, names.dead, new Bitset(0));
    const manifest: Manifest = {
      format: 1,
      generation,
      modelId,
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

async function readIfPossible(
  store: ObjectStore,
  info: Omit<Committed, 'manifest'>,
): Promise<Committed | undefined> {
  try {
    return { ...info, manifest: await readManifest(store, info.generation) };
  } catch (error) {
    if (error instanceof IndexDamaged) return undefined;
    throw error;
  }
}
