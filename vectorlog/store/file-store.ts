/** An object store on a folder, for one machine: objects are ordinary files, written whole or not at all. */

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mapInParallel } from '../parallel.ts';
import {
  ObjectNotFound,
  ObjectTooLarge,
  ObjectUnreadable,
  PreconditionFailed,
  StoreUnavailable,
} from './errors.ts';
import { Draft } from './files/copying.ts';
import { eTagOf, forbids, readAll, unlessAbsent, withStoreErrors } from './files/file-access.ts';
import { GrowingFiles, Parts } from './files/growing.ts';
import { Incoming } from './files/incoming.ts';
import { type Walk, walkKeys } from './files/listing.ts';
import { NO_NOTES, type Notes } from './files/notes.ts';
import { describe, infoOf, Opened } from './files/opened.ts';
import { adopt, type Keep, linkIfAbsent, named, remove, replace, seal } from './files/replacing.ts';
import { isSameFile, removeFile, syncFolder } from './files/writing.ts';
import {
  assertKey,
  assertWithin,
  type ByteRange,
  type ComposePart,
  type GetOptions,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
  targetOf,
} from './object-store.ts';

/** Objects on one page of a list that does not say. */
const PAGE_SIZE = 1_000;

/** In the side folder: what a process that has ended lets others grow. */
const HANDED_OVER = 'handed-over.json';
/** Objects that are deleted side by side. */
const DELETES_AT_ONCE = 16;

/** Looks at an object that is replaced again and again, before its reader gives up. */
const MAX_REPLACED = 10;

export interface FileStoreOptions {
  /** Folder for what is not an ordinary file: drafts, metadata, odd keys. @default `.store` in the store's folder */
  readonly sideFolder?: string;
  /**
   * Leaves files and folders alone whose names begin with a dot, as in a folder of somebody's pictures.
   *
   * @default false
   */
  readonly ignoreHidden?: boolean;
  /** Refuses with `KeyInvalid` to write what no file of the folder can be: its only copy would be in the side folder. @default false */
  readonly onlyFiles?: boolean;
  /**
   * Is given each object before its file is removed or replaced, and may keep it: link it, or copy it. The file goes
   * when the promise resolves, and stays when it rejects; what it resolves with is told then.
   *
   * @default nothing is kept
   */
  readonly keep?: Keep;
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

  /**
   * Lets the next process grow the files that this one has made; from now on this one copies. For the end of a process:
   * nothing may be composed any more.
   */
  async handOver(): Promise<void> {
    await this.#growing?.handOver(join(this.#sideFolder, HANDED_OVER));
  }

  get(key: string, { ifMatch, maxBytes }: GetOptions = {}): Promise<StoredObject> {
    return this.#inOneState(key, (store) =>
      this.#reading(store, key, async (handle, stats) => {
        const info = infoOf(key, stats);
        if (ifMatch !== undefined && ifMatch !== info.eTag) throw new PreconditionFailed(key);
        if (maxBytes !== undefined && info.size > maxBytes) throw new ObjectTooLarge(key, info.size);
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
        const found = await store.find(key);
        if (!found) throw new ObjectNotFound(key);
        return infoOf(key, found.stats);
      });
    } catch (error) {
      if (error instanceof ObjectNotFound) return undefined;
      throw error;
    }
  }

  async *list(options: ListOptions): AsyncIterable<readonly ObjectInfo[]> {
    const opened = await withStoreErrors(() => this.#open());
    const walk = opened.walkWith(this.#options.walk ?? {});
    const { pageSize = PAGE_SIZE } = options;
    const keys = walkKeys(opened.places, walk, options);
    for (;;) {
      const listed = await withStoreErrors(() => take(keys, pageSize));
      const page = await withStoreErrors(() => Promise.all(listed.map((one) => describe(one, walk))));
      const present = page.filter((info) => info !== undefined);
      if (present.length > 0) yield present;
      if (listed.length < pageSize) return;
    }
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<{ eTag: string }> {
    const incoming = await this.begin(key);
    try {
      await incoming.append(body);
      return await incoming.commit(options);
    } finally {
      await incoming.discard();
    }
  }

  /** Begins an object whose bytes come one after the other; a crash leaves nothing of it that the next start does not remove. */
  begin(key: string): Promise<Incoming> {
    return this.#working(key, async (store) => {
      const draft = await Draft.create(await store.draftsFor(store.places.candidates(key)[0]!));
      return new Incoming(store, key, draft, this.#options.keep);
    });
  }

  putIfAbsent(key: string, body: Uint8Array, options: PutOptions = {}): Promise<boolean> {
    return this.#working(key, async (store) => {
      if (await store.find(key)) return false;
      const path = await store.placeFor(key);
      const draft = await Draft.create(await store.draftsFor(path));
      try {
        await draft.append(body);
        const eTag = await seal(store, key, draft, options);
        const isCreated = await named(store, { key, eTag, from: draft.path, to: path }, linkIfAbsent);
        if (!isCreated) await store.notes.remove(key, eTag);
        return isCreated;
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
      const path = await store.placeFor(key);
      const drawn = this.#growing ? new Parts(parts) : parts;
      const grown = drawn instanceof Parts ? await this.#growing?.grow(drawn, key, path) : undefined;
      if (grown) {
        await store.notes.write(key, grown.after, options);
        // The other's file is another now, and its notes belong to what it was.
        await store.notes.remove(grown.from, grown.before);
        return { size: grown.size };
      }
      const draft = await Draft.create(await store.draftsFor(path));
      try {
        for await (const part of drawn) {
          if (part instanceof Uint8Array) {
            await draft.append(part);
            continue;
          }
          const source = await store.find(part.copyFrom);
          if (!source) throw new ObjectNotFound(part.copyFrom);
          assertWithin(part.copyFrom, part.range, Number(source.stats.size));
          await draft.appendRange(part.copyFrom, source.path, part.range);
        }
        await replace(store, key, path, draft, { ...options, keep: this.#options.keep });
        await this.#growing?.remember(key, path);
        return { size: draft.size };
      } finally {
        await draft.discard();
      }
    });
  }

  /**
   * Makes the file at `path` the object of a key that has none: `true` when it is now, with the file's own time and so
   * its own eTag; `false` when the key has an object that is not empty. The file at `path` is linked or copied, and stays.
   */
  adopt(key: string, path: string, options: PutOptions = {}): Promise<boolean> {
    return this.#working(key, (store) => adopt(store, key, path, options));
  }

  /** Removes the file of a key if it is empty, as a crash in the middle of `adopt` may leave one. */
  dropEmpty(key: string): Promise<void> {
    return this.#working(key, async (store) => {
      const found = await store.find(key);
      if (found?.stats.size === 0n) await removeFile(found.path);
    });
  }

  /** Whether the object of a key is the file at `path`, or has the same bytes. */
  holds(key: string, path: string): Promise<boolean> {
    return this.#working(key, async (store) => {
      const found = await store.find(key);
      return found !== undefined && isSameFile(found.path, path);
    });
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertKey(key);
    await withStoreErrors(async () => {
      const store = await this.#open();
      const folders = await mapInParallel(DELETES_AT_ONCE, keys, async (key) => {
        const stoodIn = await remove(store, key, this.#options.keep);
        this.#growing?.forget(key);
        return stoodIn;
      });
      for (const folder of new Set(folders.flat())) await syncFolder(folder);
    });
  }

  /** Opens the object's file for `work` and closes it; what is replaced meanwhile is read to its end as it was. */
  async #reading<T>(
    store: Opened,
    key: string,
    work: (handle: FileHandle, stats: BigIntStats) => Promise<T>,
  ): Promise<T> {
    const found = await store.find(key);
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
        const now = await store.find(key);
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

  get #sideFolder(): string {
    return resolve(this.#options.sideFolder ?? join(this.#folder, '.store'));
  }

  async #makeFolders(): Promise<Opened> {
    await mkdir(this.#folder, { recursive: true });
    const opened = await Opened.in(await realpath(this.#folder), this.#sideFolder, this.#options);
    const handedOver = join(this.#sideFolder, HANDED_OVER);
    await this.#growing?.takeOver(handedOver, (key) => opened.places.ordinaryPath(key));
    return opened;
  }
}

const forbidden = (key: string, cause: unknown): ObjectUnreadable =>
  new ObjectUnreadable(
    key,
    'permissions',
    'this user may not read the file; change its permissions or its owner',
    { cause },
  );

async function take<T>(items: AsyncIterator<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < most) {
    const { value, done } = await items.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
