/** Counts the requests that a compaction makes, as S3 bills them. */

import type { ComposePart, ObjectStore } from '../../vectorlog/store/object-store.ts';
import { planParts } from '../../vectorlog/store/s3/multipart-plan.ts';

export interface Requests {
  /** GET and HEAD. */
  reads: number;
  /** PUT, COPY, POST and LIST. */
  writes: number;
}

/** `store`, with what is asked of it added to `requests`; a composed object is what S3 takes for it. */
export function counted(store: ObjectStore, requests: Requests): ObjectStore {
  return {
    get: (key, options) => {
      requests.reads++;
      return store.get(key, options);
    },
    read: (key, range, target) => {
      requests.reads++;
      return store.read(key, range, target);
    },
    head: (key) => {
      requests.reads++;
      return store.head(key);
    },
    list: (options) => {
      requests.writes++;
      return store.list(options);
    },
    put: (key, body, options) => {
      requests.writes++;
      return store.put(key, body, options);
    },
    putIfAbsent: (key, body, options) => {
      requests.writes++;
      return store.putIfAbsent(key, body, options);
    },
    compose: async (key, parts, options) => {
      const all: ComposePart[] = [];
      for await (const part of parts) all.push(part instanceof Uint8Array ? part.slice() : part);
      let planned = 0;
      for await (const part of planParts(all)) {
        planned++;
        if (part.kind !== 'copy')
          requests.reads += part.pieces.filter((piece) => !(piece instanceof Uint8Array)).length;
      }
      // One part is a plain PUT; several are begun and completed as well.
      requests.writes += planned > 1 ? planned + 2 : 1;
      return store.compose(key, all, options);
    },
    delete: (keys) => store.delete(keys),
  };
}
