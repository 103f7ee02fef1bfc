/** The files under `index/` as a list shows them. */

import { INDEX_PREFIX } from '../names.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Manifest } from './manifest.ts';

/** The names under `index/`. */
export async function listIndexFiles(store: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const page of store.list({ prefix: INDEX_PREFIX })) names.push(...page.map(({ key }) => key));
  return names;
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
 * @param listed names that were listed before the manifest was committed
 */
export function orphansOf({ generation, files, replaced }: Manifest, listed: readonly string[]): string[] {
  const needed = new Set([...namesOf(files), ...replaced.flatMap(({ names }) => names)]);
  return listed.filter((name) => {
    const writtenFor = /^index\/(\d+)-/.exec(name)?.[1];
    return writtenFor !== undefined && Number(writtenFor) <= generation && !needed.has(name);
  });
}
