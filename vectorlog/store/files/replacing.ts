/** How a finished draft becomes an object of a folder, and how objects go: what was there is kept first, if somebody wants it. */

import { link, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PutOptions, StoredObject } from '../object-store.ts';
import type { Draft } from './copying.ts';
import { codeOf, eTagOf } from './file-access.ts';
import { NO_NOTES } from './notes.ts';
import { type Found, infoOf, type Opened } from './opened.ts';
import { finish, removeFile, syncFolder } from './writing.ts';

/** An object, and the file that it is. */
export interface FileOfObject extends Omit<StoredObject, 'body'> {
  readonly path: string;
}

/** Is given each object before its file is removed or replaced; the file stays when it rejects. */
export type Keep = (object: FileOfObject) => Promise<void>;

/** Makes a draft final and durable, with its notes; gives its eTag. */
export async function seal(
  { notes }: Opened,
  key: string,
  draft: Draft,
  options: PutOptions,
): Promise<string> {
  await finish(draft.handle);
  const eTag = eTagOf(await draft.handle.stat({ bigint: true }));
  await notes.write(key, eTag, options);
  return eTag;
}

/** Gives a file a second name, durably, where none is; `false` where one is. */
export const linkIfAbsent = (from: string, to: string): Promise<boolean> =>
  ifAbsent(to, () => link(from, to));

/** Has a file made, durably, by what fails where one is; `false` where it did. */
export async function ifAbsent(to: string, make: () => Promise<void>): Promise<boolean> {
  try {
    await make();
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
  await syncFolder(dirname(to));
  return true;
}

/** Moves a draft to where its key stands, over what was there; gives its eTag. */
export async function replace(
  store: Opened,
  key: string,
  path: string,
  draft: Draft,
  { keep, ...options }: PutOptions & { readonly keep: Keep | undefined },
): Promise<string> {
  const eTag = await seal(store, key, draft, options);
  const old = await keptAsItIs(store, key, keep);
  await rename(draft.path, path);
  await syncFolder(dirname(path));
  if (old) await store.notes.remove(key, eTagOf(old.stats));
  if (old && old.path !== path) await removeFile(old.path);
  return eTag;
}

/** Removes an object; gives the folders that it stood in. */
export async function remove(store: Opened, key: string, keep: Keep | undefined): Promise<string[]> {
  const folders: string[] = [];
  // An ordinary file may hide an odd one of the same key.
  for (;;) {
    const found = await keptAsItIs(store, key, keep);
    if (!found) return folders;
    await removeFile(found.path);
    await store.notes.remove(key, eTagOf(found.stats));
    folders.push(dirname(found.path));
  }
}

/**
 * Has an object kept, and says what it is; `undefined` when there is none. What another program puts in its place meanwhile is
 * looked at anew and kept too: only microseconds are left before the caller takes the file away.
 */
async function keptAsItIs(store: Opened, key: string, keep: Keep | undefined): Promise<Found | undefined> {
  for (let found = await store.find(key); ; ) {
    if (!found || !keep) return found;
    await kept(store, key, found, keep);
    const now = await store.find(key);
    if (now?.path === found.path && eTagOf(now.stats) === eTagOf(found.stats)) return found;
    found = now;
  }
}

async function kept({ notes }: Opened, key: string, { path, stats }: Found, keep: Keep): Promise<void> {
  const info = infoOf(key, stats);
  await keep({ ...info, ...((await notes.read(key, info.eTag)) ?? NO_NOTES), path });
}
