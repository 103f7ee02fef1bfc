/** A part of an object store that passes for a whole one: every key stands under one prefix. */

import type { ComposePart, ObjectStore } from './object-store.ts';

/**
 * The objects of `store` whose keys begin with `prefix`, without it. Errors name keys as `store` knows them.
 *
 * @example
 * const index = prefixed(bucket, `${modelId}/`);
 * await index.get('manifest/00000000000000000001.json');
 */
export function prefixed(store: ObjectStore, prefix: string): ObjectStore {
  const full = (key: string) => prefix + key;
  const short = <T extends { readonly key: string }>(object: T): T => ({
    ...object,
    key: object.key.slice(prefix.length),
  });

  return {
    get: async (key, options) => short(await store.get(full(key), options)),
    read: (key, range, target) => store.read(full(key), range, target),
    head: async (key) => {
      const found = await store.head(full(key));
      return found && short(found);
    },
    list: async function* ({ prefix: inner, startAfter, endBefore, ...others }) {
      const options = {
        ...others,
        prefix: full(inner),
        ...(startAfter && { startAfter: full(startAfter) }),
        ...(endBefore && { endBefore: full(endBefore) }),
      };
      for await (const page of store.list(options)) yield page.map(short);
    },
    put: (key, body, options) => store.put(full(key), body, options),
    putIfAbsent: (key, body, options) => store.putIfAbsent(full(key), body, options),
    compose: (key, parts, options) => store.compose(full(key), fullParts(parts, prefix), options),
    delete: (keys) => store.delete(keys.map(full)),
  };
}

async function* fullParts(
  parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
  prefix: string,
): AsyncIterable<ComposePart> {
  for await (const part of parts)
    yield part instanceof Uint8Array ? part : { ...part, copyFrom: prefix + part.copyFrom };
}
