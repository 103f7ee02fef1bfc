/** An object store on a folder, for one machine: objects are ordinary files, written whole or not at all. */

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ObjectNotFound, ObjectUnreadable, PreconditionFailed, StoreUnavailable } from './errors.ts';
import { readAll } from './files/bytes.ts';
import { Draft } from './files/copying.ts';
import { eTagOf } from './files/etag.ts';
import { codeOf, forbids, unlessAbsent, withStoreErrors } from './files/faults.ts';
import { GrowingFiles, Parts } from './files/growing.ts';
import { type Listed, listKeys, type Walk } from './files/listing.ts';
import { NO_NOTES, NoteBook, type Notes } from './files/notes.ts';
import { Places } from './files/places.ts';
import { draftPath, finish, linkOrCopy, removeAbandoned, removeFile, syncFolder } from './files/writing.ts';
import { assertKey } from './keys.ts';
import type {
  ByteRange,
  ComposePart,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from './object-store.ts';
import { assertWithin, targetOf } from './ranges.ts';

/** Objects on one page of a list that does not say. */
const PAGE_SIZE = 1_000;

/** Objects that are deleted side by side. */
const DELETES_AT_ONCE = 16;

/** Looks at an object that is replaced again and again, before its reader gives up. */
const MAX_REPLACED = 10;

/** Drafts on a file system that the side folder is not on. Hidden, and so no object where hidden files are ignored. */
const DRAFTS_ELSEWHERE = '.likeness-drafts';

export interface FileStoreOptions {
  /**
   * Folder for what is not an ordinary file: drafts, metadata, odd keys.
   *
   * @default `.store` in the store's folder
   */
  readonly sideFolder?: string;
  /**
   * Leaves files and folders alone whose names begin with a dot, as in a folder of somebody's pictures.
   *
   * @default false
   */
  readonly ignoreHidden?: boolean;
  /**
   * Is given each object before its file is removed or replaced, and may keep it: link it, or copy it. The file goes
   * when the promise resolves, and stays when it rejects.
   *
   * @default nothing is kept
   */
  readonly keep?: (object: FileOfObject) => Promise<void>;
  /**
   * Composes an object of a whole other one, made by this store, by growing that one's file: then the other is longer
   * than it was and has the new one's first bytes. For readers who know which bytes of an object they need.
   *
   * @default false
   */
  readonly growsInPlace?: boolean;
  /** What lists leave alone, and tell of. @default nothing is left alone, and a folder that may not be read is an error */
  readonly walk?: Walk;
}

/** An object, and the file that it is. */
export interface FileOfObject extends Omit<StoredObject, 'body'> {
  readonly path: string;
}

/** What an open store works with. */
interface Opened {
  readonly places: Places;
  readonly notes: NoteBook;
  readonly drafts: string;
}

/** Where an object was found. */
interface Found {
  readonly path: string;
  readonly stats: BigIntStats;
}

/**
 * Keys are paths below `folder`, which is made when it is missing; `files/places.ts` says what becomes of keys that no
 * path can be. A write returns when it would outlast a power cut. putIfAbsent is a hard link, which exactly one of any
 * number of processes can make. Symbolic links inside the folder are not followed.
 *
 * @example
 * const pictures = new FileStore('/home/ada/photos', { ignoreHidden: true });
 */
export class FileStore implements ObjectStore {
  readonly #folder: string;
  readonly #options: FileStoreOptions;
  readonly #growing: GrowingFiles | undefined;
  #opened: Promise<Opened> | undefined;

  constructor(folder: string, options: FileStoreOptions = {}) {
    this.#folder = resolve(folder);
    this.#options = options;
    this.#growing = options.growsInPlace ? new GrowingFiles() : undefined;
  }

  /** Whether an object of `length` bytes grows where it is when one is composed of it and more. */
  async grows(key: string, length: number): Promise<boolean> {
    return (await this.#growing?.mayGrow(key, length)) ?? false;
  }

  get(key: string, options: { ifMatch?: string } = {}): Promise<StoredObject> {
    return this.#inOneState(key, (store) =>
      this.#reading(store, key, async (handle, stats) => {
        const info = infoOf(key, stats);
        if (options.ifMatch !== undefined && options.ifMatch !== info.eTag) throw new PreconditionFailed(key);
        const body = new Uint8Array(info.size);
        const whole = await readAll(handle, body, 0);
        // The store itself never writes into a file, but the folder's owner may.
        if (!whole || eTagOf(await handle.stat({ bigint: true })) !== info.eTag)
          throw new StoreUnavailable(`"${key}" changed while it was read`);
        return { ...info, body };
      }),
    );
  }

  async read(key: string, range: ByteRange, target?: Uint8Array): Promise<Uint8Array> {
    const bytes = targetOf(range, target);
    return this.#working(key, (store) =>
      this.#reading(store, key, async (handle, stats) => {
        assertWithin(key, range, Number(stats.size));
        if (!(await readAll(handle, bytes, range.start))) throw new StoreUnavailable(`"${key}" was cut off`);
        return bytes;
      }),
    );
  }

  async head(key: string): Promise<Omit<StoredObject, 'body'> | undefined> {
    try {
      return await this.#inOneState(key, async (store) => {
        const found = await this.#find(store, key);
        if (!found) throw new ObjectNotFound(key);
        return infoOf(key, found.stats);
      });
    } catch (error) {
      if (error instanceof ObjectNotFound) return undefined;
      throw error;
    }
  }

  async *list(options: ListOptions): AsyncIterable<readonly ObjectInfo[]> {
    const { places } = await withStoreErrors(() => this.#open());
    const { walk = {} } = this.#options;
    const { pageSize = PAGE_SIZE } = options;
    const keys = listKeys(places, walk, options);
    for (;;) {
      const listed = await withStoreErrors(() => take(keys, pageSize));
      const page = await withStoreErrors(() => Promise.all(listed.map((one) => describe(one, walk))));
      const present = page.filter((info) => info !== undefined);
      if (present.length > 0) yield present;
      if (listed.length < pageSize) return;
    }
  }

  put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<{ eTag: string }> {
    return this.#working(key, async (store) => {
      const path = await this.#placeFor(store, key);
      const draft = await Draft.create(await this.#draftsFor(store, path));
      try {
        await draft.append(body);
        return { eTag: await this.#replace(store, key, path, draft, options) };
      } finally {
        await draft.discard();
      }
    });
  }

  putIfAbsent(key: string, body: Uint8Array, options: PutOptions = {}): Promise<boolean> {
    return this.#working(key, async (store) => {
      if (await this.#find(store, key)) return false;
      const path = await this.#placeFor(store, key);
      const draft = await Draft.create(await this.#draftsFor(store, path));
      try {
        await draft.append(body);
        const eTag = await this.#seal(store, key, draft, options);
        try {
          await link(draft.path, path);
        } catch (error) {
          if (codeOf(error) !== 'EEXIST') throw error;
          await store.notes.remove(key, eTag);
          return false;
        }
        await syncFolder(dirname(path));
        return true;
      } finally {
        await draft.discard();
      }
    });
  }

  compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options: PutOptions = {},
  ): Promise<{ size: number }> {
    return this.#working(key, async (store) => {
      const path = await this.#placeFor(store, key);
      const drawn = this.#growing ? new Parts(parts) : parts;
      const grown = drawn instanceof Parts ? await this.#growing?.grow(drawn, key, path) : undefined;
      if (grown) {
        await store.notes.write(key, grown.after, options);
        // The other's file is another now, and its notes belong to what it was.
        await store.notes.remove(grown.from, grown.before);
        return { size: grown.size };
      }
      const draft = await Draft.create(await this.#draftsFor(store, path));
      try {
        for await (const part of drawn) {
          if (part instanceof Uint8Array) {
            await draft.append(part);
            continue;
          }
          const source = await this.#find(store, part.copyFrom);
          if (!source) throw new ObjectNotFound(part.copyFrom);
          assertWithin(part.copyFrom, part.range, Number(source.stats.size));
          await draft.appendRange(part.copyFrom, source.path, part.range);
        }
        await this.#replace(store, key, path, draft, options);
        await this.#growing?.remember(key, path);
        return { size: draft.size };
      } finally {
        await draft.discard();
      }
    });
  }

  /**
   * Makes the file at `path` the object of a key that has none: `true` when it is now, with the file's own time and so
   * its own eTag; `false` when the key has an object. The file at `path` is linked, or copied from another disk, and stays.
   */
  adopt(key: string, path: string, options: PutOptions = {}): Promise<boolean> {
    return this.#working(key, async (store) => {
      if (await this.#find(store, key)) return false;
      const place = await this.#placeFor(store, key);
      const draft = draftPath(store.drafts);
      try {
        await linkOrCopy(path, draft);
        const eTag = eTagOf(await stat(draft, { bigint: true }));
        await store.notes.write(key, eTag, options);
        try {
          await link(draft, place);
        } catch (error) {
          if (codeOf(error) !== 'EEXIST') throw error;
          return false;
        }
        await syncFolder(dirname(place));
        return true;
      } finally {
        await removeFile(draft);
      }
    });
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertKey(key);
    await withStoreErrors(async () => {
      const store = await this.#open();
      const changed = new Set<string>();
      for (let i = 0; i < keys.length; i += DELETES_AT_ONCE) {
        const folders = keys.slice(i, i + DELETES_AT_ONCE).map((key) => this.#remove(store, key));
        for (const folder of (await Promise.all(folders)).flat()) changed.add(folder);
      }
      for (const folder of changed) await syncFolder(folder);
    });
  }

  /** Removes an object; gives the folders that it stood in. */
  async #remove(store: Opened, key: string): Promise<string[]> {
    const folders: string[] = [];
    // An ordinary file may hide an odd one of the same key.
    for (let found = await this.#find(store, key); found; found = await this.#find(store, key)) {
      await this.#keep(store, key, found);
      await removeFile(found.path);
      this.#growing?.forget(key);
      await store.notes.remove(key, eTagOf(found.stats));
      folders.push(dirname(found.path));
    }
    return folders;
  }

  async #keep({ notes }: Opened, key: string, { path, stats }: Found): Promise<void> {
    const info = infoOf(key, stats);
    await this.#options.keep?.({ ...info, ...((await notes.read(key, info.eTag)) ?? NO_NOTES), path });
  }

  /** Moves a draft to where its key stands, over what was there. */
  async #replace(
    store: Opened,
    key: string,
    path: string,
    draft: Draft,
    options: PutOptions,
  ): Promise<string> {
    const eTag = await this.#seal(store, key, draft, options);
    const old = await this.#find(store, key);
    if (old) await this.#keep(store, key, old);
    await rename(draft.path, path);
    await syncFolder(dirname(path));
    if (old) await store.notes.remove(key, eTagOf(old.stats));
    if (old && old.path !== path) await removeFile(old.path);
    return eTag;
  }

  /** Makes a draft final and durable, with its notes; gives its eTag. */
  async #seal({ notes }: Opened, key: string, draft: Draft, options: PutOptions): Promise<string> {
    await finish(draft.handle);
    const eTag = eTagOf(await draft.handle.stat({ bigint: true }));
    await notes.write(key, eTag, options);
    return eTag;
  }

  /** The path to write to; an odd key's name is written down first, so that lists can tell it. */
  async #placeFor({ places, drafts }: Opened, key: string): Promise<string> {
    const path = await places.forWriting(key);
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
   * Where a draft that is to become the file at `path` is written: nothing is moved from one file system to another. A
   * file system that is mounted in the store's folder has its own folder of drafts, at its top.
   */
  async #draftsFor({ drafts, places }: Opened, path: string): Promise<string> {
    const device = async (folder: string) => (await stat(folder)).dev;
    let top = dirname(path);
    const dev = await device(top);
    if (dev === (await device(drafts))) return drafts;
    while (top !== places.root && (await device(dirname(top))) === dev) top = dirname(top);
    const folder = join(top, DRAFTS_ELSEWHERE);
    await mkdir(folder, { recursive: true });
    await removeAbandoned(folder);
    return folder;
  }

  async #find({ places }: Opened, key: string): Promise<Found | undefined> {
    assertKey(key);
    for (const path of places.candidates(key)) {
      const stats = await unlessAbsent(lstat(path, { bigint: true }));
      if (stats?.isFile() && (await places.isTrueName(path))) return { path, stats };
    }
    return undefined;
  }

  /** Opens the object's file for `work` and closes it; what is replaced meanwhile is read to its end as it was. */
  async #reading<T>(
    store: Opened,
    key: string,
    work: (handle: FileHandle, stats: BigIntStats) => Promise<T>,
  ): Promise<T> {
    const found = await this.#find(store, key);
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const opening = found && unlessAbsent(open(found.path, flags));
    const handle = await opening?.catch((cause: unknown) => {
      // Only the file itself: the folder that it stands in was read just now.
      throw forbids(cause) ? forbidden(key, cause) : cause;
    });
    if (!handle) throw new ObjectNotFound(key);
    try {
      return await work(handle, await handle.stat({ bigint: true }));
    } finally {
      await handle.close();
    }
  }

  /** Adds its notes to what `look` finds; looks again when the object was replaced in between, notes and all. */
  #inOneState<T extends ObjectInfo>(key: string, look: (store: Opened) => Promise<T>): Promise<T & Notes> {
    return this.#working(key, async (store) => {
      for (let attempt = 1; attempt <= MAX_REPLACED; attempt++) {
        const found = await look(store);
        const notes = await store.notes.read(key, found.eTag);
        if (notes) return { ...found, ...notes };
        const now = await this.#find(store, key);
        if (now && eTagOf(now.stats) === found.eTag) return { ...found, ...NO_NOTES };
      }
      throw new StoreUnavailable(`"${key}" is replaced all the time`);
    });
  }

  async #working<T>(key: string, work: (store: Opened) => Promise<T>): Promise<T> {
    assertKey(key);
    return withStoreErrors(async () => work(await this.#open()));
  }

  /** Makes the folders on first use; a failure is tried again by the next call. */
  #open(): Promise<Opened> {
    this.#opened ??= this.#makeFolders().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #makeFolders(): Promise<Opened> {
    const { sideFolder = join(this.#folder, '.store'), ignoreHidden = false } = this.#options;
    await mkdir(this.#folder, { recursive: true });
    const side = resolve(sideFolder);
    const [drafts, notes, odd] = [join(side, 'drafts'), join(side, 'notes'), join(side, 'odd')];
    for (const folder of [drafts, notes, odd]) await mkdir(folder, { recursive: true });
    await removeAbandoned(drafts);
    const places = new Places(await realpath(this.#folder), await realpath(side), ignoreHidden);
    return { places, notes: new NoteBook(notes), drafts };
  }
}

const forbidden = (key: string, cause: unknown): ObjectUnreadable =>
  new ObjectUnreadable(
    key,
    'permissions',
    'this user may not read the file; change its permissions or its owner',
    { cause },
  );

const infoOf = (key: string, stats: BigIntStats): ObjectInfo => ({
  key,
  size: Number(stats.size),
  eTag: eTagOf(stats),
  lastModified: new Date(Number(stats.mtimeNs / 1_000_000n)),
});

/** What a list says of a file; `undefined` when it is gone by now, or may not be looked at. */
async function describe({ key, path }: Listed, { onForbidden }: Walk): Promise<ObjectInfo | undefined> {
  try {
    const stats = await unlessAbsent(lstat(path, { bigint: true }));
    return stats?.isFile() ? infoOf(key, stats) : undefined;
  } catch (error) {
    if (!onForbidden || !forbids(error)) throw error;
    onForbidden(key);
    return undefined;
  }
}

async function take<T>(items: AsyncIterator<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < most) {
    const { value, done } = await items.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
