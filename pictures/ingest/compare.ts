/** Where a bucket of pictures and its index differ, found in one pass over both, in the order of keys. */

import { type KnownKey, knownKeys } from '../../vectorlog/commit/key-states.ts';
import { ABSENT, type KeyState } from '../../vectorlog/log/record.ts';
import { REJECTED_PREFIX } from '../../vectorlog/names.ts';
import { ObjectOutOfReach } from '../../vectorlog/store/errors.ts';
import { compareKeys } from '../../vectorlog/store/keys.ts';
import type { ObjectInfo, ObjectStore } from '../../vectorlog/store/object-store.ts';
import { belongs, type PictureFilter } from '../picture-names.ts';
import { isFolderMarker } from './change.ts';
import { readRejection, rejectionName } from './rejections.ts';

/** One key, and what is different about it. */
export interface Comparison {
  readonly key: string;
  /**
   * `same`: indexed as it is, or rejected as it is. `missing`: in the bucket and not in the index. `changed`: indexed
   * with another eTag. `gone`: indexed, and not in the bucket.
   */
  readonly verdict: 'same' | 'missing' | 'changed' | 'gone';
  /** What the index knows of the key. */
  readonly known: KeyState;
  /** What the bucket has under the key. */
  readonly picture: ObjectInfo | undefined;
}

export interface CompareOptions {
  /** Only keys that begin with it. */
  readonly prefix?: string;
  /** Objects whose names end otherwise are left alone; what is indexed of them stays. @default 'all' */
  readonly endings?: PictureFilter['endings'];
  /** Only keys that sort after it. */
  readonly startAfter?: string;
}

/**
 * Compares every key of bucket and index. The keys of the index are in memory, those of the bucket page by page.
 *
 * The index is looked at before the bucket is listed, and a picture that is indexed and then not listed is looked for
 * once more; what is uploaded meanwhile may show as a difference whose event is on its way.
 */
export async function* compare(
  { pictures, index }: { readonly pictures: ObjectStore; readonly index: ObjectStore },
  { prefix = '', endings = 'all', startAfter }: CompareOptions = {},
): AsyncIterable<Comparison> {
  const rejected = await rejectedNames(index);
  const inScope = ({ key }: { key: string }) =>
    key.startsWith(prefix) && (startAfter === undefined || compareKeys(key, startAfter) > 0);
  const known = filter(knownKeys(index), inScope)[Symbol.asyncIterator]();
  try {
    let head = await known.next();
    const gone = async ({ key, state }: KnownKey): Promise<Comparison[]> =>
      state.state === 'live' && (await isGone(pictures, key))
        ? [{ key, verdict: 'gone', known: state, picture: undefined }]
        : [];

    for await (const page of pictures.list({ prefix, ...(startAfter !== undefined && { startAfter }) }))
      for (const picture of page) {
        const { key, eTag, size } = picture;
        if (isFolderMarker(key, size)) continue;
        for (; !head.done && compareKeys(head.value.key, key) < 0; head = await known.next())
          yield* await gone(head.value);
        const isKnown = !head.done && head.value.key === key;
        const state = isKnown ? (head.value as KnownKey).state : ABSENT;
        if (isKnown) head = await known.next();
        if (!belongs(key, { prefix, endings })) continue;
        // What an archive holds tells of itself when it is restored.
        if (picture.isArchived && state.state !== 'live') continue;
        const isRejected = async () => {
          if (!rejected.has(rejectionName(key))) return false;
          const rejection = await readRejection(index, key);
          return rejection?.eTag === eTag && rejection.code !== 'not-readable';
        };
        if (state.state === 'live')
          yield { key, verdict: state.eTag === eTag ? 'same' : 'changed', known: state, picture };
        else yield { key, verdict: (await isRejected()) ? 'same' : 'missing', known: state, picture };
      }
    for (; !head.done; head = await known.next()) yield* await gone(head.value);
  } finally {
    await known.return?.();
  }
}

/** A second look: what was not listed may be there all the same, or where nobody can look. */
async function isGone(pictures: ObjectStore, key: string): Promise<boolean> {
  try {
    return (await pictures.head(key)) === undefined;
  } catch (error) {
    if (error instanceof ObjectOutOfReach) return false;
    throw error;
  }
}

async function rejectedNames(index: ObjectStore): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const page of index.list({ prefix: REJECTED_PREFIX }))
    for (const { key } of page) names.add(key);
  return names;
}

async function* filter<T>(
  items: AsyncIterable<T>,
  passes: (item: T) => boolean,
): AsyncGenerator<T, void, void> {
  for await (const item of items) if (passes(item)) yield item;
}
