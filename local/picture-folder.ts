/** The folder of pictures as a bucket that holds nothing but pictures. */

import { join } from 'node:path';
import { ObjectNotFound } from '../vectorlog/store/errors.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { isPictureKey } from './picture-names.ts';

/** Opens the folder; what Likeness has to write down about the pictures themselves stands with the index. */
export function openPictures(folder: string, indexFolder: string): ObjectStore {
  const store = new FileStore(folder, { ignoreHidden: true, sideFolder: join(indexFolder, '.uploads') });
  return onlyPictures(store);
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
