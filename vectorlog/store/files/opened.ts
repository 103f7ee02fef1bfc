/** The folders of an open store: where each object stands, where it is written first, where its notes are. */

import type { BigIntStats } from 'node:fs';
import { lstat, mkdir, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeyInvalid } from '../errors.ts';
import { assertKey, type ObjectInfo } from '../object-store.ts';
import { Draft } from './copying.ts';
import { eTagOf, isOutOfReach, unlessAbsent } from './file-access.ts';
import type { Listed, Walk } from './listing.ts';
import { mountOf, mountPoints } from './mounts.ts';
import { NoteBook } from './notes.ts';
import { Places } from './places.ts';
import { finish, removeAbandoned } from './writing.ts';

/** Drafts on a file system that the side folder is not on. Hidden, and so no object where hidden files are ignored. */
const DRAFTS_ELSEWHERE = '.likeness-drafts';

/** Where an object was found. */
export interface Found {
  readonly path: string;
  readonly stats: BigIntStats;
}

export class Opened {
  private constructor(
    readonly places: Places,
    readonly notes: NoteBook,
    readonly drafts: string,
    private readonly onlyFiles: boolean,
  ) {}

  /**
   * Makes the folders for what is not an ordinary file.
   *
   * @param root the store's folder, which is there
   * @param onlyFiles whether keys that no file of the folder can have are refused
   */
  static async in(
    root: string,
    side: string,
    {
      ignoreHidden = false,
      onlyFiles = false,
    }: { readonly ignoreHidden?: boolean; readonly onlyFiles?: boolean },
  ): Promise<Opened> {
    const [drafts, notes, odd] = [join(side, 'drafts'), join(side, 'notes'), join(side, 'odd')];
    for (const folder of [drafts, notes, odd]) await mkdir(folder, { recursive: true });
    await removeAbandoned(drafts);
    await unlessAbsent(removeAbandoned(join(root, DRAFTS_ELSEWHERE)));
    const places = new Places(root, await realpath(side), ignoreHidden);
    return new Opened(places, new NoteBook(notes), drafts, onlyFiles);
  }

  /**
   * The path to write to; an odd key's name is written down first, so that lists can tell it.
   *
   * @throws KeyInvalid for an odd key where only files are kept
   */
  async placeFor(key: string): Promise<string> {
    const { places, drafts } = this;
    const path = await places.forWriting(key);
    if (this.onlyFiles && path === places.oddPath(key))
      throw new KeyInvalid(key, 'no file of the folder can have this name, or another one stands in its way');
    if (path !== places.oddPath(key) || (await unlessAbsent(stat(`${path}.key`)))) return path;
    const draft = await Draft.create(drafts);
    try {
      await draft.append(Buffer.from(key));
      await finish(draft.handle);
      await rename(draft.path, `${path}.key`);
    } finally {
      await draft.discard();
    }
    return path;
  }

  /**
   * Where a draft that is to become the file at `path` is written: nothing is moved from one mount to another. One that
   * is in the store's folder has its own folder of drafts, at its top.
   */
  async draftsFor(path: string): Promise<string> {
    const { places, drafts } = this;
    const points = await mountPoints();
    // Of a link, the place that it stands on: no object is written through one.
    const mount = async (folder: string) => `${(await lstat(folder)).dev} ${mountOf(folder, points)}`;
    let top = dirname(path);
    // The folder of a new object may not be there yet.
    while (top !== places.root && !(await unlessAbsent(lstat(top)))) top = dirname(top);
    const one = await mount(top);
    if (one === (await mount(places.side))) return drafts;
    while (top !== places.root && (await mount(dirname(top))) === one) top = dirname(top);
    const folder = join(top, DRAFTS_ELSEWHERE);
    await mkdir(folder, { recursive: true });
    await removeAbandoned(folder);
    return folder;
  }

  /** The walk; on its way, what crashes have left on other file systems is removed. */
  walkWith({ onMount, ...walk }: Walk): Walk {
    if (!onMount) return walk;
    return {
      ...walk,
      onMount: (key, device) => {
        onMount(key, device);
        // Another walk removes what this one cannot.
        removeAbandoned(join(this.places.root, key, DRAFTS_ELSEWHERE)).catch(() => {});
      },
    };
  }

  /** The file of an object; `undefined` when there is no such object. */
  async find(key: string): Promise<Found | undefined> {
    assertKey(key);
    const { places } = this;
    for (const path of places.candidates(key)) {
      const stats = await unlessAbsent(lstat(path, { bigint: true }));
      if (stats?.isFile() && (await places.isTrueName(path))) return { path, stats };
    }
    return undefined;
  }
}

/** What is known of a file as an object. */
export const infoOf = (key: string, stats: BigIntStats): ObjectInfo => ({
  key,
  size: Number(stats.size),
  eTag: eTagOf(stats),
  lastModified: new Date(Number(stats.mtimeNs / 1_000_000n)),
});

/** What a list says of a file; `undefined` when it is gone by now, or cannot be looked at. */
export async function describe(
  { key, path }: Listed,
  { onUnreadable }: Walk,
): Promise<ObjectInfo | undefined> {
  try {
    const stats = await unlessAbsent(lstat(path, { bigint: true }));
    return stats?.isFile() ? infoOf(key, stats) : undefined;
  } catch (error) {
    if (!onUnreadable || !isOutOfReach(error)) throw error;
    onUnreadable(key);
    return undefined;
  }
}
