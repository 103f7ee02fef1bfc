/** The files under `index/` as a list shows them. */

import { INDEX_PREFIX } from '../names.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Manifest } from './manifest.ts';

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
