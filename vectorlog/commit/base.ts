/** The index that a compaction builds on: the highest manifest, and what it says of each key. */

import type { ObjectStore } from '../store/object-store.ts';
import { decodeDead } from './dead-rows.ts';
import { IndexDamaged } from './errors.ts';
import { KeyTable } from './key-table.ts';
import type { Manifest } from './manifest.ts';
import type { Committed, ManifestInfo } from './manifests.ts';
import { readRows } from './rows-file.ts';

export interface Base {
  /** `undefined` where nothing is committed yet. */
  readonly committed: Committed | undefined;
  readonly table: KeyTable;
}

export const emptyBase = (): Base => ({ committed: undefined, table: new KeyTable() });

/**
 * The base of a commit: from the one that is in memory, by reading only what was added since, or else from the rows
 * file.
 *
 * @param listed the manifests that are there, to tell whether the commit in memory is in their history
 */
export async function loadBase(
  store: ObjectStore,
  committed: Committed,
  warm: Base | undefined,
  listed: readonly ManifestInfo[],
): Promise<Base> {
  const { manifest } = committed;
  const known = warm?.committed;
  if (!warm || !known || !isAncestor(known, committed, listed)) {
    const table = new KeyTable();
    await advance(store, table, manifest, 0);
    return { committed, table };
  }
  if (known.generation < committed.generation) {
    await advance(store, warm.table, manifest, known.manifest.files.rowsBytes);
  }
  return { committed, table: warm.table };
}

/**
 * Whether the later commit only appends to the earlier. A store that was restored from a copy can have other commits
 * of the same numbers in the same lineage, so the earlier has to be in the list still, and be the same object.
 */
function isAncestor(earlier: Committed, later: Committed, listed: readonly ManifestInfo[]): boolean {
  return (
    earlier.manifest.lineage === later.manifest.lineage &&
    listed.some(({ generation, eTag }) => generation === earlier.generation && eTag === earlier.eTag)
  );
}

/** Brings a table up to a manifest, reading the rows file from byte `start`. Should it fail, the table is of no use. */
async function advance(
  store: ObjectStore,
  table: KeyTable,
  manifest: Manifest,
  start: number,
): Promise<void> {
  const { files, rows, live } = manifest;
  const { body } = await store.get(files.dead);
  table.setDead(decodeDead(files.dead, body, rows));
  for await (const block of readRows(store, files.rows, { start, end: files.rowsBytes })) table.append(block);
  if (table.rows !== rows) throw new IndexDamaged(files.rows, `it has ${table.rows} rows and not ${rows}`);
  if (table.live !== live) throw new IndexDamaged(files.rows, `${table.live} keys are live and not ${live}`);
}
