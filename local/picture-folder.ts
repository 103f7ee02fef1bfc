/** The folder of pictures as a bucket that holds nothing but pictures, and never says of one that is away that it is gone. */

import { lstat, readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { KeyTaken } from '../pictures/trash/trash.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import { KeyInvalid, ObjectNotFound, ObjectOutOfReach } from '../vectorlog/store/errors.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import {
  isOutOfReach,
  refusesName,
  unlessAbsent,
  withStoreErrors,
} from '../vectorlog/store/files/file-access.ts';
import type { ObjectStore, PutOptions } from '../vectorlog/store/object-store.ts';
import { leftAlone, type Selection } from './library-settings.ts';
import { patience, patientStore } from './patient-store.ts';
import { isPictureKey } from './picture-names.ts';
import { FolderAway, type Presence } from './presence.ts';
import { FolderTrash, type Known } from './trash.ts';

export interface PictureFolderOptions {
  readonly folder: string;
  readonly indexFolder: string;
  readonly presence: Presence;
  readonly selection?: Selection;
  /** Called with each disk that a walk finds mounted in the folder, by the key of where it is. */
  readonly onMount?: (key: string) => void;
  /** What the index knows of a picture that goes. @default nothing is asked */
  readonly known?: Known;
}

/** What a walk through the folder passed over. */
export interface PassedOver {
  /** Folders that cannot be read: this user may not, or a share has broken off. */
  readonly unreadable: readonly string[];
  /** Names that no key can be: not UTF-8, or with a backslash. */
  readonly unnameable: readonly string[];
}

/**
 * Writes a picture while its bytes come, which holds no more of them in memory than one piece.
 *
 * @param admit is given what reads all of them, when they are there; what it rejects is not written
 * @throws what `admit` or `pieces` does, KeyBlocked, FolderAway, and what a store throws
 */
export type Receive = (
  key: string,
  pieces: AsyncIterable<Uint8Array>,
  admit: (bytes: () => Promise<Uint8Array>) => Promise<void>,
  options: PutOptions,
) => Promise<void>;

export interface PictureFolder {
  readonly pictures: ObjectStore;
  readonly receive: Receive;
  /** The path of the file that a picture is to be, when it can be written there now. @throws KeyBlocked, FolderAway */
  readonly placeFor: (key: string) => Promise<string>;
  /** Keeps what is deleted or replaced through the store. */
  readonly trash: FolderTrash;
  /** Whether the watcher may leave a file, or a folder with a slash at its end, alone. */
  readonly isLeftAlone: (key: string) => boolean;
  /** What the last whole list passed over. */
  readonly passedOver: () => PassedOver;
}

/** Something stands in the way of a file of this key, or it would be where the library takes none. */
export class KeyBlocked extends LikenessError {
  readonly retryable = false;
}

/** Opens the folder; what Likeness has to write down about the pictures themselves stands with the index. */
export function openPictures({
  folder,
  indexFolder,
  presence,
  selection,
  onMount,
  known,
}: PictureFolderOptions): PictureFolder {
  let passing = { unreadable: new Set<string>(), unnameable: new Set<string>() };
  let passed: PassedOver = { unreadable: [], unnameable: [] };
  const inside = relative(folder, indexFolder).split(sep).join('/');
  const indexKey = inside === '' || inside.startsWith('..') ? undefined : `${inside}/`;
  const excluded = leftAlone(selection);
  const isLeftAlone = (key: string) => excluded(key) || (indexKey !== undefined && key.startsWith(indexKey));
  const isPicture = (key: string) => isPictureKey(key) && !isLeftAlone(key);
  const mounts: Promise<void>[] = [];
  const patiently = patience(`the folder ${folder}`);

  const trash = new FolderTrash(
    join(indexFolder, '.trash'),
    systemClock,
    {
      adopt: (key, path, options) =>
        patiently(async () => {
          try {
            return await (await open()).adopt(await writing(key), path, options);
          } catch (error) {
            const cannotBe = error instanceof KeyBlocked || error instanceof KeyInvalid;
            throw cannotBe ? new KeyTaken(key, error.message) : error;
          }
        }),
      dropEmpty: (key) => patiently(async () => (await open()).dropEmpty(key)),
      holds: (key, path) =>
        patiently(async () => {
          const isHeld = await (await open()).holds(key, path);
          if (!isHeld) await presence.assert(key);
          return isHeld;
        }),
    },
    known,
  );
  const store = new FileStore(folder, {
    keep: (object) => trash.keep(object),
    ignoreHidden: true,
    onlyFiles: true,
    sideFolder: join(indexFolder, '.uploads'),
    walk: {
      leaveAlone: isLeftAlone,
      onUnreadable: (key) => passing.unreadable.add(key),
      onUnnameable: (key) => passing.unnameable.add(key),
      onMount: (key, device) => {
        mounts.push(presence.noteMount(key, device));
        onMount?.(key);
      },
    },
  });
  let opened = false;
  /** The store makes its folder when it is first used; it must not where a disk is to be mounted. */
  const open = async (): Promise<FileStore> => {
    if (!opened) await presence.assert('');
    opened = true;
    return store;
  };
  const admit = (key: string): string => {
    if (!isPicture(key)) throw new ObjectNotFound(key);
    return key;
  };
  /** Before anything is written: else it would be hidden by what is mounted there again. */
  const writing = async (key: string): Promise<string> => {
    if (!isPicture(key)) throw new KeyBlocked(`"${key}" is in a place that this library leaves alone`);
    await presence.assert(key);
    await withStoreErrors(() => assertFree(folder, key));
    return key;
  };

  const pictures: ObjectStore = {
    get: async (key, options) => (await open()).get(admit(key), options),
    read: async (key, range, target) => (await open()).read(admit(key), range, target),
    head: async (key) => {
      try {
        const found = isPicture(key) ? await (await open()).head(key) : undefined;
        if (!found) await presence.assert(key);
        return found;
      } catch (cause) {
        const elsewhere = cause instanceof FolderAway && cause.place !== '';
        const unreadable = isOutOfReach((cause as Error).cause);
        throw elsewhere || unreadable ? new ObjectOutOfReach(key, { cause }) : cause;
      }
    },
    list: async function* (options) {
      passing = { unreadable: new Set(), unnameable: new Set() };
      await presence.assert('');
      for await (const page of (await open()).list(options)) {
        for (const { key } of page) if (key.includes('\\')) passing.unnameable.add(key);
        yield page.filter(({ key }) => isPicture(key));
      }
      await Promise.all(mounts.splice(0));
      for (const away of await presence.missing()) if (away.place === '') throw away;
      passed = { unreadable: [...passing.unreadable], unnameable: [...passing.unnameable] };
    },
    put: async (key, body, options) => (await open()).put(await writing(key), body, options),
    putIfAbsent: async (key, body, options) => (await open()).putIfAbsent(await writing(key), body, options),
    compose: async (key, parts, options) => (await open()).compose(await writing(key), parts, options),
    delete: async (keys) => {
      const admitted = keys.filter(isPicture);
      for (const key of admitted) await presence.assert(key);
      await (await open()).delete(admitted);
    },
  };
  const receive: Receive = async (key, pieces, admit, options) => {
    const incoming = await patiently(async () => (await open()).begin(await writing(key)));
    try {
      for await (const piece of pieces) await patiently(() => incoming.append(piece));
      await admit(() => patiently(() => incoming.bytes()));
      await patiently(async () => {
        // Much may have happened since the first byte.
        await writing(key);
        await incoming.commit(options);
      });
    } finally {
      await patiently(() => incoming.discard());
    }
  };
  return {
    pictures: patientStore(pictures, patiently),
    receive,
    placeFor: async (key) => join(folder, await writing(key)),
    trash,
    isLeftAlone,
    passedOver: () => passed,
  };
}

/**
 * Refuses a key that could only be kept beside the index, under another name: whoever deletes the index would delete
 * the only copy of that picture. So is one that a file has under another spelling, on a file system that takes both for
 * the same: it would replace that file's picture, or be listed under a key that nobody chose.
 *
 * @throws KeyBlocked
 */
async function assertFree(folder: string, key: string): Promise<void> {
  const parts = key.split('/');
  let path = folder;
  for (const [i, part] of parts.entries()) {
    path = join(path, part);
    const found = await unlessAbsent(lstat(path)).catch((error: unknown) => {
      throw refusesName(error)
        ? new KeyBlocked(`"${key}" cannot be a file: ${path} is no name there`)
        : error;
    });
    if (!found) return;
    const fits = i < parts.length - 1 ? found.isDirectory() : found.isFile();
    if (!fits) throw new KeyBlocked(`"${key}" cannot be a file: ${path} is there already`);
    const names = await unlessAbsent(readdir(dirname(path)));
    if (names && !names.includes(part) && (await unlessAbsent(lstat(path))))
      throw new KeyBlocked(`"${key}" cannot be a file: ${path} is there already, under another spelling`);
  }
}
