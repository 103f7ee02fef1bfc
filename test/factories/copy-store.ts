/** Stores that are emptied, or put back to what a copy has. */

import type { ObjectStore } from '../../vectorlog/store/object-store.ts';

export async function clear(store: ObjectStore): Promise<void> {
  for await (const page of store.list({ prefix: '' })) await store.delete(page.map(({ key }) => key));
}

/** Makes `to` the same as `from`. */
export async function copy(from: ObjectStore, to: ObjectStore): Promise<void> {
  await clear(to);
  for await (const page of from.list({ prefix: '' }))
    for (const { key } of page) await to.put(key, (await from.get(key)).body);
}
