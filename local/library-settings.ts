/** What is kept with an index about the folder that it is of: which files are left alone, and where the folder was seen. */

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';

/**
 * What NAS systems, Windows and photo programs put beside pictures: small copies of them, what was thrown away, and
 * folders that are nobody's to read. Each would be a near duplicate of a picture that is there.
 */
const DEFAULT_EXCLUDES: readonly string[] = [
  '@eaDir',
  '#recycle',
  '@Recycle',
  '@Recently-Snapshot',
  '$RECYCLE.BIN',
  'System Volume Information',
  'lost+found',
  '*.photoslibrary/resources',
  'SYNOFILE_THUMB_*',
];

/** What somebody asked for, in place of what was asked for before. */
export interface Selection {
  /** Globs of files and folders that are left alone, besides the usual ones. */
  readonly exclude?: readonly string[] | undefined;
  /** Globs of files and folders that are taken in all the same. */
  readonly include?: readonly string[] | undefined;
}

const FILE = '.selection.json';

/** Keeps what was asked for, if anything was; gives what holds from now on. */
export async function keepSelection(indexFolder: string, asked: Selection = {}): Promise<Selection> {
  const kept = (await readJson<Selection>(join(indexFolder, FILE))) ?? {};
  if (!asked.exclude && !asked.include) return kept;
  const next = { exclude: asked.exclude ?? kept.exclude, include: asked.include ?? kept.include };
  await writeJson(join(indexFolder, FILE), next);
  return next;
}

/**
 * Tells what is left alone: a key of a file, or of a folder with a slash at its end. A glob without a slash is a name
 * at any depth; one that begins with a slash begins at the library's folder. What is excluded takes along all that is in it.
 */
export function leftAlone({ exclude = [], include = [] }: Selection = {}): (key: string) => boolean {
  const excludes = matcher([...DEFAULT_EXCLUDES, ...exclude]);
  const includes = matcher(include);
  return (key) => {
    const parts = (key.endsWith('/') ? key.slice(0, -1) : key).split('/');
    let excluded = false;
    let path = '';
    for (const part of parts) {
      path += (path && '/') + part;
      excluded ||= excludes(path);
      if (includes(path)) return false;
    }
    // A folder is entered when something in it may have been asked for by name.
    return excluded && !(key.endsWith('/') && include.length > 0);
  };
}

function matcher(globs: readonly string[]): (path: string) => boolean {
  if (globs.length === 0) return () => false;
  const anchored = globs.map((glob) => (glob.startsWith('/') ? glob.slice(1) : `**/${glob}`));
  const trimmed = anchored.map((glob) => (glob.endsWith('/') ? glob.slice(0, -1) : glob));
  return picomatch(trimmed, { dot: true, nonegate: true, noextglob: true });
}

/** `undefined` when there is none, or none that can be read. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Writes a small file whole or not at all. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const scratch = `${path}.${process.pid}`;
  await writeFile(scratch, JSON.stringify(value));
  await rename(scratch, path);
}
