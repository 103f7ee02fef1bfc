/** Where a bucket of pictures and its index differ, found in one pass over both, in the order of keys. */

import { inKeyOrder, type KnownKey } from '../../vectorlog/commit/key-states.ts';
import { compareKeys, lookUpIfInReach, type ObjectStore } from '../../vectorlog/store/object-store.ts';
import type { PictureFilter } from '../picture-names.ts';
import { type Comparison, Known } from './known.ts';

export interface CompareDeps {
  readonly pictures: ObjectStore;
  readonly index: ObjectStore;
  /** What the index knows, where it was read before. @default - it is read now */
  readonly known?: Known;
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
export async function* reconcile(
  { pictures, index, known: read }: CompareDeps,
  { prefix = '', endings = 'all', startAfter }: CompareOptions = {},
): AsyncIterable<Comparison> {
  const known = read ?? (await Known.read(index));
  const isAsked = (key: string) =>
    key.startsWith(prefix) && (startAfter === undefined || compareKeys(key, startAfter) > 0);
  const keys = inKeyOrder(known.states, isAsked)[Symbol.iterator]();
  let head = keys.next();
  for await (const page of pictures.list({ prefix, ...(startAfter !== undefined && { startAfter }) }))
    for (const picture of page) {
      const { key } = picture;
      for (; !head.done && compareKeys(head.value.key, key) < 0; head = keys.next())
        yield* await gone(pictures, head.value);
      if (!head.done && head.value.key === key) head = keys.next();
      const comparison = await known.compare(picture, { prefix, endings });
      if (comparison) yield comparison;
    }
  for (; !head.done; head = keys.next()) yield* await gone(pictures, head.value);
}

/** A second look: what was not listed may be there all the same, or where nobody can look. */
async function gone(pictures: ObjectStore, { key, state }: KnownKey): Promise<Comparison[]> {
  if (state.state !== 'live' || (await lookUpIfInReach(pictures, key))) return [];
  return [{ key, verdict: 'gone', known: state, picture: undefined }];
}
