/** An object store that remembers what was asked of it, and can be told to fail or to wait. */

import type { ByteRange, ListOptions, ObjectStore } from '../../vectorlog/store/object-store.ts';

export interface StoreCall {
  readonly method: keyof ObjectStore;
  /** The key, or the prefix of a list. */
  readonly key: string;
  /** Bytes that came back. */
  readonly bytes: number;
}

export interface CountingStore extends ObjectStore {
  readonly calls: StoreCall[];
  /** What the lists asked for. */
  readonly listed: ListOptions[];
  /** Called before every request; what it throws is what the request throws. */
  before: (method: keyof ObjectStore, key: string) => Promise<void> | void;
  /** Bytes that were read since the last `calls.length = 0`. */
  bytesRead(): number;
}

export function countingStore(store: ObjectStore): CountingStore {
  const calls: StoreCall[] = [];
  const asked = async <T>(
    method: keyof ObjectStore,
    key: string,
    work: () => Promise<T>,
    bytesOf: (result: T) => number = () => 0,
  ): Promise<T> => {
    await counting.before(method, key);
    const result = await work();
    calls.push({ method, key, bytes: bytesOf(result) });
    return result;
  };
  const counting: CountingStore = {
    calls,
    listed: [],
    before: () => {},
    bytesRead: () => calls.reduce((sum, { bytes }) => sum + bytes, 0),
    get: (key, options) =>
      asked(
        'get',
        key,
        () => store.get(key, options),
        ({ body }) => body.length,
      ),
    read: (key: string, range: ByteRange, target?: Uint8Array) =>
      asked(
        'read',
        key,
        () => store.read(key, range, target),
        ({ length }) => length,
      ),
    head: (key) => asked('head', key, () => store.head(key)),
    async *list(options) {
      await counting.before('list', options.prefix);
      calls.push({ method: 'list', key: options.prefix, bytes: 0 });
      counting.listed.push(options);
      let pages = 0;
      for await (const page of store.list(options)) {
        if (pages++ > 0) calls.push({ method: 'list', key: options.prefix, bytes: 0 });
        yield page;
      }
    },
    put: (key, body, options) => asked('put', key, () => store.put(key, body, options)),
    putIfAbsent: (key, body, options) =>
      asked('putIfAbsent', key, () => store.putIfAbsent(key, body, options)),
    compose: (key, parts, options) => asked('compose', key, () => store.compose(key, parts, options)),
    delete: (keys) => asked('delete', keys.join(' '), () => store.delete(keys)),
  };
  return counting;
}
