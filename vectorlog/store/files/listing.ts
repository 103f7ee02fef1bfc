/** The keys of a folder in the order in which object stores list them, without holding more than one path of folders. */

import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreUnavailable } from '../errors.ts';
import { compareKeys, isKey, type ListOptions } from '../object-store.ts';
import { isOutOfReach, unlessAbsent } from './file-access.ts';
import { type MountPoints, mountPoints } from './mounts.ts';
import type { Places } from './places.ts';

/** A key and the file that it is. */
export interface Listed {
  readonly key: string;
  readonly path: string;
}

/** What the owner of a folder wants left alone in a list, and what they want to hear of. Folders' keys end in a slash. */
export interface Walk {
  /** Whether a file, or a folder with all that is in it, is passed over. */
  readonly leaveAlone?: (key: string) => boolean;
  /** Called with a folder, or a file in one, that cannot be looked at: no permission, or a share that broke off. It is passed over. */
  readonly onUnreadable?: (key: string) => void;
  /** Called with each folder that something is mounted at, or that stands on another device than the one around it. */
  readonly onMount?: (key: string, device: Device) => void;
  /** Called with a file or folder whose name is not UTF-8, its name as well as it can be shown: it is passed over. */
  readonly onUnnameable?: (key: string) => void;
}

/** What tells one folder from another that takes its place. */
export interface Device {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The keys that a list wants: ordinary ones and odd ones, merged. */
export async function* walkKeys(places: Places, walk: Walk, options: ListOptions): AsyncGenerator<Listed> {
  const { prefix, startAfter = '', endBefore } = options;
  const isBeyond = (key: string) => endBefore !== undefined && compareKeys(key, endBefore) >= 0;
  const odd = await oddKeys(places);
  const wanted = ({ key }: Listed) =>
    key.startsWith(prefix) && compareKeys(key, startAfter) > 0 && !isBeyond(key);
  const waiting = odd.filter(wanted).sort((a, b) => compareKeys(a.key, b.key));
  let next = 0;
  for await (const ordinary of ordinaryKeys(places, walk, { prefix, startAfter, isBeyond })) {
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
  /** Known where someone wants to hear of mounts. */
  readonly dev?: bigint;
}

async function* ordinaryKeys(
  places: Places,
  walk: Walk,
  { prefix, startAfter, isBeyond }: { prefix: string; startAfter: string; isBeyond(key: string): boolean },
): AsyncGenerator<Listed, void, void> {
  const mounts = walk.onMount ? await mountPoints() : new Set<string>();
  const top = await enter({ places, walk, mounts }, '', places.root);
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
    // All that is still to be walked comes after it.
    if (isBeyond(key)) return;
    if (walk.leaveAlone?.(key)) continue;
    if (entry.isFile()) {
      if (!key.startsWith(prefix) || compareKeys(key, startAfter) <= 0 || !isKey(key)) continue;
      if (await isNameable(walk, key, path)) yield { key, path };
      continue;
    }
    const holdsPrefix = key.startsWith(prefix) || prefix.startsWith(key);
    const isPast = compareKeys(key, startAfter) < 0 && !startAfter.startsWith(key);
    if (!holdsPrefix || isPast || !(await isNameable(walk, key, path))) continue;
    const below = await enter({ places, walk, mounts }, key, path, level.dev);
    if (below) levels.push(below);
  }
}

/** Bytes that are no UTF-8 come out as this character, and then there is no file of that name. */
const NOT_UTF8 = '\u{FFFD}';

async function isNameable({ onUnnameable }: Walk, key: string, path: string): Promise<boolean> {
  if (!onUnnameable || !key.includes(NOT_UTF8) || (await unlessAbsent(lstat(path)))) return true;
  onUnnameable(key);
  return false;
}

/** Reads one folder; `undefined` when it is gone, or cannot be read and is not the whole store. */
async function enter(
  {
    places,
    walk: { onMount, onUnreadable },
    mounts,
  }: { readonly places: Places; readonly walk: Walk; readonly mounts: MountPoints },
  key: string,
  path: string,
  outer?: bigint,
): Promise<Level | undefined> {
  try {
    const all = await unlessAbsent(readdir(path, { withFileTypes: true }));
    const entries = all
      ?.filter((entry) => (entry.isFile() || entry.isDirectory()) && places.isOrdinaryName(key, entry.name))
      .sort((a, b) => compareKeys(keyOf('', b), keyOf('', a)));
    if (!entries || !onMount) return entries && { key, path, entries };
    const { dev, ino } = await lstat(path, { bigint: true });
    // Of a mount from before the walk, what was read just now is only then the top when it is there still.
    const isMounted = outer !== dev || (mounts.has(path) && (await mountPoints()).has(path));
    if (outer !== undefined && isMounted) onMount(key, { dev, ino });
    return { key, path, entries, dev };
  } catch (error) {
    if (!onUnreadable || key === '' || !isOutOfReach(error)) throw error;
    onUnreadable(key);
    return undefined;
  }
}

/** A folder sorts as what is in it: with the slash, so that `a.jpg` stands before `a/b.jpg`. */
const keyOf = (folder: string, entry: Dirent): string =>
  entry.isDirectory() ? `${folder}${entry.name}/` : folder + entry.name;
