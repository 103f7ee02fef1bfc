/** How a finished draft becomes an object of a folder, and how objects go: what was there is kept first, if somebody wants it. */

import { link, lstat, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyInvalid } from '../errors.ts';
import type { PutOptions, StoredObject } from '../object-store.ts';
import type { Draft } from './copying.ts';
import { codeOf, eTagOf, refusesName, saysAbsent, unlessAbsent } from './file-access.ts';
import { NO_NOTES } from './notes.ts';
import { type Found, infoOf, type Opened } from './opened.ts';
import { cannotLink, draftPath, finish, linkOrCopy, removeFile, syncFolder } from './writing.ts';

/** An object, and the file that it is. */
export interface FileOfObject extends Omit<StoredObject, 'body'> {
  readonly path: string;
}

/** Is given each object before its file is removed or replaced; the file stays when it rejects. */
export type Keep = (object: FileOfObject) => Promise<Kept>;

/** An object that is kept while its file goes. */
export interface Kept {
  /** Called when the file has gone. */
  gone(): Promise<void>;
  /** Called when nobody knows whether it has. */
  doubt(): void;
}

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
export async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
  await syncFolder(dirname(to));
  return true;
}

/** Makes the file at `path` the object of a key that has none, or an empty one; `false` when it has another. */
export async function adopt(store: Opened, key: string, path: string, options: PutOptions): Promise<boolean> {
  const found = await store.find(key);
  if (found && found.stats.size > 0n) return false;
  const place = await store.placeFor(key);
  const draft = draftPath(await store.draftsFor(place));
  try {
    await linkOrCopy(path, draft);
    const eTag = eTagOf(await stat(draft, { bigint: true }));
    await store.notes.write(key, eTag, options);
    return await named(store, { key, eTag, from: draft, to: place }, moveIfAbsent);
  } finally {
    await removeFile(draft);
  }
}

/**
 * Has a draft stand at a path, durably, where no file is, or an empty one; `false` where another is. Where a file cannot
 * have two names, an empty one takes the place first, so that none is replaced that comes at the same time.
 */
async function moveIfAbsent(draft: string, to: string): Promise<boolean> {
  try {
    return (await linkIfAbsent(draft, to)) || (await replaceEmpty(draft, to));
  } catch (error) {
    if (!cannotLink(error)) throw error;
  }
  const isTaken = await takesPlace(to);
  try {
    return await replaceEmpty(draft, to);
  } catch (error) {
    if (isTaken) await removeFile(to);
    throw error;
  }
}

/** Makes an empty file where none is; `false` where one is. */
async function takesPlace(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

async function replaceEmpty(draft: string, path: string): Promise<boolean> {
  const { size } = await lstat(path);
  if (size > 0) return false;
  await rename(draft, path);
  await syncFolder(dirname(path));
  return true;
}

/**
 * Has a draft named whose notes are written already, by `naming`.
 *
 * @throws KeyInvalid for a key that the file system can have no file of, which only an attempt tells
 */
export async function named<T>(
  { notes }: Opened,
  {
    key,
    eTag,
    from,
    to,
  }: { readonly key: string; readonly eTag: string; readonly from: string; readonly to: string },
  naming: (from: string, to: string) => Promise<T>,
): Promise<T> {
  try {
    return await naming(from, to);
  } catch (error) {
    if (!refusesName(error) && !(saysAbsent(error) && (await areThere(from, dirname(to))))) throw error;
    await notes.remove(key, eTag);
    throw new KeyInvalid(key, 'the file system there can have no file of this name');
  }
}

/** exFAT by FUSE says of a name that it cannot have that it is not there; then what it is made of is. */
async function areThere(...paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => unlessAbsent(lstat(path))));
  return !found.includes(undefined);
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
  const { found: old, kept } = await keptAsItIs(store, key, keep);
  await takingAway(kept, async () => {
    await named(store, { key, eTag, from: draft.path, to: path }, rename);
    await syncFolder(dirname(path));
    if (old && old.path !== path) await removeFile(old.path);
  });
  if (old) await store.notes.remove(key, eTagOf(old.stats));
  return eTag;
}

/** Removes an object; gives the folders that it stood in. */
export async function remove(store: Opened, key: string, keep: Keep | undefined): Promise<string[]> {
  const folders: string[] = [];
  // An ordinary file may hide an odd one of the same key.
  for (;;) {
    const { found, kept } = await keptAsItIs(store, key, keep);
    if (!found) return folders;
    await takingAway(kept, () => removeFile(found.path));
    await store.notes.remove(key, eTagOf(found.stats));
    folders.push(dirname(found.path));
  }
}

async function takingAway(kept: Kept | undefined, take: () => Promise<unknown>): Promise<void> {
  try {
    await take();
  } catch (error) {
    kept?.doubt();
    throw error;
  }
  await kept?.gone();
}

/**
 * Has an object kept, and says what it is, if there is one. What another program puts in its place meanwhile is looked
 * at anew and kept too: only microseconds are left before the caller takes the file away.
 */
async function keptAsItIs(
  store: Opened,
  key: string,
  keep: Keep | undefined,
): Promise<{ readonly found: Found | undefined; readonly kept?: Kept }> {
  for (let found = await store.find(key); ; ) {
    if (!found || !keep) return { found };
    const kept = await keep(await fileOf(store, key, found));
    const now = await store.find(key);
    if (now?.path === found.path && eTagOf(now.stats) === eTagOf(found.stats)) return { found, kept };
    await kept.gone();
    found = now;
  }
}

async function fileOf({ notes }: Opened, key: string, { path, stats }: Found): Promise<FileOfObject> {
  const info = infoOf(key, stats);
  return { ...info, ...((await notes.read(key, info.eTag)) ?? NO_NOTES), path };
}
