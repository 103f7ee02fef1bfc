/** Drafts: files that nobody sees until they are whole, and that outlast a power cut from then on. */

import { type FileHandle, open, readdir, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { codeOf, unlessAbsent } from './faults.ts';

/** A draft untouched for so long was left by a crash: the longest writer touches its own every few seconds. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Makes the names in a folder durable. Windows cannot sync a folder, and keeps names safe by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The name of a draft: where no listing and no key reaches it. */
export const draftPath = (folder: string): string => join(folder, systemClock.ulid());

/** Removes the drafts that crashes have left. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await unlessAbsent(stat(path));
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

/** Removes a file; `false` when there was none. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

let lastStamp = 0;

/**
 * Stamps a finished draft with the time and makes its bytes durable. The kernel stamps files with the time of its last
 * tick, some milliseconds ago, which would not tell two quick writes apart; this stamp grows with every write of the
 * process, and its random part keeps two processes apart.
 */
export async function finish(handle: FileHandle): Promise<void> {
  lastStamp = Math.max((Date.now() + Math.random()) / 1000, lastStamp + 1e-6);
  await handle.utimes(lastStamp, lastStamp);
  await handle.sync();
}
