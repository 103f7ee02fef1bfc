/** Finds the pictures that someone names on the command line, and the keys that they get. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { keyOfPath } from '../local/picture-names.ts';
import { pictureType } from '../pictures/picture-names.ts';
import { CommandFailed } from './errors.ts';

/** A file to upload. */
export interface PictureFile {
  readonly path: string;
  readonly key: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the Unix epoch. */
  readonly modifiedAt: number;
}

/**
 * The pictures among files and folders. A file's key is its name; a folder's files have the folder's name in front, as
 * `cp -r` would have it. In folders, what is hidden or not called a picture is left alone.
 *
 * @param prefix stands before every key
 * @throws CommandFailed when something that was named is not there, or is a file that is not called a picture
 */
export async function findPictures(paths: readonly string[], prefix = ''): Promise<PictureFile[]> {
  const found: PictureFile[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (!stats) throw new CommandFailed(`there is no file or folder ${path}`);
    const name = basename(resolve(path));
    if (stats.isDirectory()) {
      for await (const file of picturesBelow(path, ''))
        found.push({ ...file, key: `${prefix}${name}/${file.key}` });
    } else {
      const contentType = pictureType(name);
      if (!contentType) throw new CommandFailed(`${path} is not called a picture (.jpg, .png, .webp, …)`);
      found.push({ path, key: prefix + name, contentType, size: stats.size, modifiedAt: stats.mtimeMs });
    }
  }
  return found;
}

async function* picturesBelow(folder: string, below: string): AsyncGenerator<PictureFile> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const relative = join(below, entry.name);
    if (entry.isDirectory()) yield* picturesBelow(path, relative);
    const contentType = pictureType(entry.name);
    if (!entry.isFile() || !contentType) continue;
    const { size, mtimeMs } = await stat(path);
    yield { path, key: keyOfPath(relative), contentType, size, modifiedAt: mtimeMs };
  }
}

/** The bytes of a picture; `-` reads standard input. @throws CommandFailed */
export async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return path === '-' ? await buffer(process.stdin) : await readFile(path);
  } catch (error) {
    throw new CommandFailed(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
