/** The keys of a folder in the order in which object stores list them, without holding more than one path of folders. */

import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreUnavailable } from '../errors.ts';
import { compareKeys, isKey } from '../keys.ts';
import { unlessAbsent } from './faults.ts';
import type { Places } from './places.ts';

/** A key and the file that it is. */
export interface Listed {
  readonly key: string;
  readonly path: string;
}

/** Keys with `prefix` after `startAfter`: ordinary ones and odd ones, merged. */
export async function* listKeys(places: Places, prefix: string, startAfter: string): AsyncGenerator<Listed> {
  const odd = await oddKeys(places);
  const wanted = ({ key }: Listed) => key.startsWith(prefix) && compareKeys(key, startAfter) > 0;
  const waiting = odd.filter(wanted).sort((a, b) => compareKeys(a.key, b.key));
  let next = 0;
  for await (const ordinary of ordinaryKeys(places, prefix, startAfter)) {
    while (next < waiting.length && compareKeys(waiting[next]!.key, ordinary.key) < 0) yield waiting[next++]!;
    // A file that someone put where only an odd key fitted before is what a reader of the key gets.
    if (waiting[next]?.key === ordinary.key) next++;
    yield ordinary;
  }
  while (next < waiting.length) yield waiting[next++]!;
}

/** Objects whose keys cannot be paths; few, if any. */
async function oddKeys(places: Places): Promise<Listed[]> {
  const names = await readdir(places.oddFolder);
  return Promise.all(
    names
      .filter((name) => name.endsWith('.key'))
      .map(async (name) => ({
        key: await readFile(join(places.oddFolder, name), 'utf8'),
        path: join(places.oddFolder, name.slice(0, -'.key'.length)),
      })),
  );
}

/** The part of a folder that is still to be walked, its next entry last. */
interface Level {
  readonly key: string;
  readonly path: string;
  readonly entries: Dirent[];
}

async function* ordinaryKeys(
  places: Places,
  prefix: string,
  startAfter: string,
): AsyncGenerator<Listed, void, void> {
  const top = await enter(places, '', places.root);
  if (!top) throw new StoreUnavailable(`the folder ${places.root} is gone`);
  const levels: Level[] = [top];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const entry = level.entries.pop();
    if (!entry) {
      levels.pop();
      continue;
    }
    const key = keyOf(level.key, entry);
    const path = join(level.path, entry.name);
    if (entry.isFile()) {
      if (key.startsWith(prefix) && compareKeys(key, startAfter) > 0 && isKey(key)) yield { key, path };
      continue;
    }
    const holdsPrefix = key.startsWith(prefix) || prefix.startsWith(key);
    const isPast = compareKeys(key, startAfter) < 0 && !startAfter.startsWith(key);
    if (!holdsPrefix || isPast) continue;
    const below = await enter(places, key, path);
    if (below) levels.push(below);
  }
}

/** Reads one folder; `undefined` when it is gone. */
async function enter(places: Places, key: string, path: string): Promise<Level | undefined> {
  const all = await unlessAbsent(readdir(path, { withFileTypes: true }));
  const entries = all
    ?.filter((entry) => (entry.isFile() || entry.isDirectory()) && places.isOrdinaryName(key, entry.name))
    .sort((a, b) => compareKeys(keyOf('', b), keyOf('', a)));
  return entries && { key, path, entries };
}

/** A folder sorts as what is in it: with the slash, so that `a.jpg` stands before `a/b.jpg`. */
const keyOf = (folder: string, entry: Dirent): string =>
  entry.isDirectory() ? `${folder}${entry.name}/` : folder + entry.name;
