/** Finds out whether a store keeps the promises that Likeness builds on, before anything is built on it. */

import { systemClock } from '../clock.ts';
import { StoreUnsuitable } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

/** Writers that race for one key: a store that looks first and writes then lets more than one win. */
const RACERS = 8;

/**
 * Writes, reads, lists and deletes a few small objects under `probe/`; about 25 requests. For stores that are not AWS's
 * own, at start-up.
 *
 * @throws StoreUnsuitable when the store ignores a condition, a range or its own writes; what else its requests throw
 */
export async function probe(store: ObjectStore): Promise<void> {
  const key = `probe/${systemClock.ulid()}`;
  const others = [`${key}.b`, `${key}/a`, `${key}0`, `${key}a`];
  const keys = [key, ...others];
  const bodies = Array.from({ length: RACERS }, (_, i) => new TextEncoder().encode(`racer ${i}`));
  try {
    const won = await Promise.all(bodies.map((body) => store.putIfAbsent(key, body)));
    const winners = won.filter(Boolean).length;
    demand(
      winners === 1,
      `let ${winners} of ${RACERS} writers create one object; it must honour If-None-Match: *`,
    );
    demand(!(await store.putIfAbsent(key, bodies[0]!)), 'replaced an object in spite of If-None-Match: *');

    const { body, eTag } = await store.get(key);
    demand(equal(body, bodies[won.indexOf(true)]!), 'does not give back what it was given');
    demand(eTag !== '', 'gives no ETag');
    const range = await store.read(key, { start: 2, end: 5 });
    demand(equal(range, body.subarray(2, 5)), 'does not answer ranges');

    // Written backwards, so that the order of writing is not taken for the order of keys.
    for (const other of others.toReversed()) await store.put(other, bodies[0]!);
    const listed = (await listOf(store, key)).join();
    demand(listed === keys.join(), 'does not list what was just written, in the order of UTF-8 bytes');
    const after = (await listOf(store, key, keys[1])).join();
    demand(after === keys.slice(2).join(), 'does not begin a list where it is asked to');
  } finally {
    await store.delete(keys);
  }
  demand((await listOf(store, key)).length === 0, 'still shows what was just deleted');
}

async function listOf(store: ObjectStore, prefix: string, startAfter?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list({ prefix, ...(startAfter !== undefined && { startAfter }) }))
    keys.push(...page.map(({ key }) => key));
  return keys;
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function demand(kept: boolean, fault: string): void {
  if (!kept) throw new StoreUnsuitable(`the store ${fault}`);
}
