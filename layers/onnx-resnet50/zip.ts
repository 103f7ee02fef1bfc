/** Zips a folder so that the same files give the same bytes, whenever and wherever that is done. */

import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Zippable, zipSync } from 'fflate';

const UNIX = 3;

/** `-rw-r--r--`, for a program that runs under another user. */
const READABLE = 0o100644 << 16;

/** Float weights hardly get smaller, and everything else is worth the time. */
const STORED = /\.onnx$/;

/** The bytes of a zip of all files below a folder, by their paths in it, in order. */
export async function zipFolder(folder: string): Promise<Uint8Array> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const names = paths.map((path) => relative(folder, path).split(sep).join('/'));
  names.sort();
  // The first day a zip can name, in whatever time zone this machine is: zips hold local time without a zone.
  const mtime = new Date(1980, 0, 1);
  const files: Zippable = {};
  for (const name of names) {
    const options = { mtime, os: UNIX, attrs: READABLE, level: STORED.test(name) ? 0 : 6 } as const;
    files[name] = [await readFile(join(folder, name)), options];
  }
  return zipSync(files);
}
