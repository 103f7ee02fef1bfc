/** What stands under `rejected/`: why a picture could not be indexed, one object a key. */

import { createHash } from 'node:crypto';
import { compareVersions } from '../../vectorlog/log/record.ts';
import { REJECTED_PREFIX } from '../../vectorlog/names.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { ObjectNotFound } from '../../vectorlog/store/errors.ts';
import { isKey, lookUpIfInReach, type ObjectStore } from '../../vectorlog/store/object-store.ts';
import type { RejectionCode } from '../decoding/errors.ts';
import { ADD_A_DECODER } from '../decoding/kinds.ts';

export interface Rejection {
  readonly key: string;
  /** The version of the event; left out when a backfill found the picture. */
  readonly version?: string;
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  readonly code: RejectionCode;
  /** For the picture's owner: what is wrong and what to do. */
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** File systems take names of 255 bytes, and an encoded key can be far longer. */
const LONGEST_ENCODED = 200;

/** The name of a key's entry under a prefix; the key itself stands in the entry. */
export function entryName(prefix: string, key: string): string {
  const encoded = encodeURIComponent(key);
  const short = encoded.length <= LONGEST_ENCODED;
  const digest = () => createHash('sha256').update(key).digest('hex');
  return `${prefix}${short ? encoded : `${encoded.slice(0, 100)}~${digest()}`}.json`;
}

/** The name of the entry that says why a picture could not be indexed. */
export const rejectionName = (key: string): string => entryName(REJECTED_PREFIX, key);

/** Whether an entry can have this name. */
export const isRejectionName = (name: string): boolean => name.startsWith(REJECTED_PREFIX) && isKey(name);

/** Writes the entry of a key, unless the one that is there is of a newer event. */
export async function writeRejection(store: ObjectStore, rejection: Rejection): Promise<void> {
  const known = await readRejection(store, rejection.key);
  if (known && isNewer(known.version, rejection.version)) return;
  const body = new TextEncoder().encode(JSON.stringify(rejection));
  await store.put(rejectionName(rejection.key), body, { contentType: 'application/json' });
}

/** Removes the entry of a key that an event of version `version` makes void, if there is one and it is not newer. */
export async function removeRejection(
  store: ObjectStore,
  key: string,
  version: string | undefined,
): Promise<void> {
  const known = await readRejection(store, key);
  if (known && !isNewer(known.version, version)) await store.delete([rejectionName(key)]);
}

/** Whether the picture that was rejected is not there any more; of one that nobody can look at, nobody can say so. */
export async function isOutdated(
  pictures: Pick<ObjectStore, 'head' | 'list'>,
  { key, eTag }: Pick<Rejection, 'key' | 'eTag'>,
): Promise<boolean> {
  const found = await lookUpIfInReach(pictures, key);
  return found !== 'out-of-reach' && found?.eTag !== eTag;
}

/**
 * Removes the entries of pictures that are not in the bucket any more, those whose names sort after `startAfter`.
 *
 * @returns the name after which to go on, where `isOver` ended it before the last one
 */
export async function removeOutdatedRejections(
  store: ObjectStore,
  pictures: ObjectStore,
  {
    startAfter,
    isOver = () => false,
  }: { readonly startAfter?: string; readonly isOver?: () => boolean } = {},
): Promise<string | undefined> {
  for await (const { key, eTag, version, name } of listRejections(store, startAfter)) {
    if (await isOutdated(pictures, { key, eTag })) await removeRejection(store, key, version);
    if (isOver()) return name;
  }
  return undefined;
}

/** Removes the entries of files for which a decoder could have been added: now that one is there, they are looked at again. */
export async function forgetMissingDecoders(store: ObjectStore): Promise<void> {
  for await (const { key, reason, version } of listRejections(store))
    if (reason.includes(ADD_A_DECODER)) await removeRejection(store, key, version);
}

/** Where either is unknown, the later word counts. */
const isNewer = (known: string | undefined, other: string | undefined): boolean =>
  known !== undefined && other !== undefined && compareVersions(known, other) > 0;

/** Entries of a list that are read side by side; a caller who stops early has read a few for nothing. */
const ENTRIES_AT_ONCE = 16;

/** The names of all entries. */
export async function rejectedNames(store: ObjectStore): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const page of store.list({ prefix: REJECTED_PREFIX }))
    for (const { key } of page) names.add(key);
  return names;
}

/** The entry of a key, `undefined` when it has none. */
export const readRejection = async (store: ObjectStore, key: string): Promise<Rejection | undefined> =>
  readEntry(store, rejectionName(key));

/**
 * All entries after the one named `startAfter`, in the order of their names.
 */
export async function* listRejections(
  store: ObjectStore,
  startAfter?: string,
): AsyncIterable<Rejection & { readonly name: string }> {
  for await (const page of store.list({ prefix: REJECTED_PREFIX, ...(startAfter && { startAfter }) })) {
    const entries = await mapInParallel(ENTRIES_AT_ONCE, page, ({ key }) => readEntry(store, key));
    for (const [i, rejection] of entries.entries()) if (rejection) yield { ...rejection, name: page[i]!.key };
  }
}

async function readEntry(store: ObjectStore, name: string): Promise<Rejection | undefined> {
  try {
    return JSON.parse(new TextDecoder().decode((await store.get(name)).body)) as Rejection;
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}
