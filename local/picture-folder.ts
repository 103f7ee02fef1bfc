/** The folder of pictures as a bucket that holds nothing but pictures. */

import { join } from 'node:path';
import { systemClock } from '../vectorlog/clock.ts';
import { ObjectNotFound } from '../vectorlog/store/errors.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { isPictureKey } from './picture-names.ts';
import { FolderTrash } from './trash.ts';

/** Opens the folder; what Likeness has to write down about the pictures themselves stands with the index. */
export function openPictures(folder: string, indexFolder: string): ObjectStore {
  return openPicturesWithTrash(folder, indexFolder).pictures;
}

/** The same, and the trash that keeps what is deleted or replaced through the store. */
export function openPicturesWithTrash(
  folder: string,
  indexFolder: string,
): { pictures: ObjectStore; trash: FolderTrash } {
  const trash = new FolderTrash(join(indexFolder, '.trash'), systemClock, () => store);
  const store = new FileStore(folder, {
    ignoreHidden: true,
    sideFolder: join(indexFolder, '.uploads'),
    keep: (object) => trash.keep(object),
  });
  return { pictures: onlyPictures(store), trash };
}

/** The part of a store whose keys are those of pictures; there are no others in it, and none can be written. */
function onlyPictures(store: ObjectStore): ObjectStore {
  const admit = (key: string): string => {
    if (!isPictureKey(key)) throw new ObjectNotFound(key);
    return key;
  };
  return {
    get: async (key, options) => store.get(admit(key), options),
    read: async (key, range, target) => store.read(admit(key), range, target),
    head: async (key) => (isPictureKey(key) ? store.head(key) : undefined),
    list: async function* (options) {
      for await (const page of store.list(options)) yield page.filter((object) => isPictureKey(object.key));
    },
    put: async (key, body, options) => store.put(admit(key), body, options),
    putIfAbsent: async (key, body, options) => store.putIfAbsent(admit(key), body, options),
    compose: async (key, parts, options) => store.compose(admit(key), parts, options),
    delete: (keys) => store.delete(keys.filter(isPictureKey)),
  };
}
