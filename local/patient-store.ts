/** A store on a file system that may stop answering: bounded in how much waits for it, and for how long. */

import { StoreUnavailable } from '../vectorlog/store/errors.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { Line } from './line.ts';

/** Calls at once: half of the threads that wait for file systems, of which Node has 4 by itself, so that a dead one leaves some to the index. */
const AT_ONCE = Math.max(1, Math.floor(Number(process.env.UV_THREADPOOL_SIZE ?? 4) / 2));
const WAITING = 100_000;
/** Longer than a slow disk takes for the largest picture, or a folder with a million names. */
const PATIENCE_MS = 60_000;

/** Does something that may have to wait for a file system. @throws StoreUnavailable when that does not answer in time */
export type Patiently = <T>(call: () => Promise<T>) => Promise<T>;

/**
 * @param what it is, for messages: `the folder /mnt/photos`
 * @param patienceMs after which a call fails; its place in the line stays taken until the file system lets go of it
 */
export function patience(what: string, patienceMs = PATIENCE_MS): Patiently {
  const line = new Line({ atOnce: AT_ONCE, maxWaiting: WAITING, of: `reads of ${what}` });
  return async (call) => {
    const over = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        over.abort();
        reject(new StoreUnavailable(`${what} does not answer`));
      }, patienceMs);
    });
    try {
      return await Promise.race([line.run(call, over.signal), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

export function patientStore(store: ObjectStore, patiently: Patiently): ObjectStore {
  return {
    get: (key, options) => patiently(() => store.get(key, options)),
    read: async (key, range, target) => {
      // Not into the caller's memory: what comes too late would be written over what that serves by then.
      const bytes = await patiently(() => store.read(key, range));
      target?.set(bytes);
      return target ?? bytes;
    },
    head: (key) => patiently(() => store.head(key)),
    list: async function* (options) {
      const pages = store.list(options)[Symbol.asyncIterator]();
      for (;;) {
        const { value, done } = await patiently(() => pages.next());
        if (done) return;
        yield value;
      }
    },
    put: (key, body, options) => patiently(() => store.put(key, body, options)),
    putIfAbsent: (key, body, options) => patiently(() => store.putIfAbsent(key, body, options)),
    // As slow as whoever sends the parts.
    compose: (key, parts, options) => store.compose(key, parts, options),
    delete: (keys) => patiently(() => store.delete(keys)),
  };
}
