/** The folder of pictures as a bucket that holds nothing but pictures. */

import { join, relative } from 'node:path';
import { ObjectNotFound } from '../core/storage/errors.ts';
import { FileStore } from '../core/storage/file-store.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import { isPictureKey, keyOfPath } from './picture-names.ts';

/** Decides which keys belong to the library. */
export type KeyFilter = (key: string) => boolean;

/** Pictures, as far as they do not stand in the index's folder (which has thumbnails). */
export function libraryKeys(folder: string, indexFolder: string): KeyFilter {
  const index = `${keyOfPath(relative(folder, indexFolder))}/`;
  return (key) => isPictureKey(key) && !key.startsWith(index);
}

/** Opens the folder; what Likeness has to write down about the pictures themselves stands with the index. */
export function openPictures(folder: string, indexFolder: string): ObjectStore {
  const store = new FileStore(folder, { ignoreHidden: true, sideFolder: join(indexFolder, '.uploads') });
  return onlyKeys(store, libraryKeys(folder, indexFolder));
}

/** The part of a store whose keys pass the filter; there are no others in it, and none can be written. */
function onlyKeys(store: ObjectStore, belongs: KeyFilter): ObjectStore {
  const admit = (key: string): string => {
    if (!belongs(key)) throw new ObjectNotFound(key);
    return key;
  };
  return {
    get: async (key, options) => store.get(admit(key), options),
    read: async (key, range, target) => store.read(admit(key), range, target),
    head: async (key) => (belongs(key) ? store.head(key) : undefined),
    list: async function* (options) {
      for await (const page of store.list(options)) yield page.filter((object) => belongs(object.key));
    },
    put: async (key, body, options) => store.put(admit(key), body, options),
    putIfAbsent: async (key, body, options) => store.putIfAbsent(admit(key), body, options),
    compose: async (key, parts, options) => store.compose(admit(key), parts, options),
    delete: (keys) => store.delete(keys.filter(belongs)),
  };
}
