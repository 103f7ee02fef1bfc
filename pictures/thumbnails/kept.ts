/** Which small copies there are and which there should be: what is missing is made, and what nobody needs is removed. */

import { mapInParallel } from '../../vectorlog/parallel.ts';
import type { ObjectInfo, ObjectStore } from '../../vectorlog/store/object-store.ts';
import { THUMBNAILS_PREFIX } from './thumbnails.ts';

/** Names begin with a hexadecimal digit after the prefix: so many lists run side by side. */
const FIRST_DIGITS = [...'0123456789abcdef'];
/** Hexadecimal digits that tell one name from another: of a billion names two are alike once in thirty times. */
const DIGITS = 16;
/**
 * How old a small copy without a picture is before it is removed: its writer may be about to append the picture, and no
 * function runs for so long.
 */
export const ORPHAN_AGE_MS = 60 * 60_000;

/** Names of small copies, 8 bytes each. */
export class ThumbnailSet {
  #digests = new BigUint64Array(1_024);
  #size = 0;
  #isSorted = true;

  get size(): number {
    return this.#size;
  }

  add(name: string): void {
    if (this.#size === this.#digests.length) {
      const larger = new BigUint64Array(2 * this.#size);
      larger.set(this.#digests);
      this.#digests = larger;
    }
    this.#digests[this.#size++] = digestOf(name);
    this.#isSorted = false;
  }

  has(name: string): boolean {
    if (!this.#isSorted) this.#digests.subarray(0, this.#size).sort();
    this.#isSorted = true;
    const wanted = digestOf(name);
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#digests[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low < this.#size && this.#digests[low] === wanted;
  }
}

const digestOf = (name: string): bigint =>
  BigInt(`0x${name.slice(THUMBNAILS_PREFIX.length, THUMBNAILS_PREFIX.length + DIGITS)}`);

/** The small copies that are there. Read after what the index knows, it has one of each picture that was written whole. */
export async function keptThumbnails(index: ObjectStore): Promise<ThumbnailSet> {
  const kept = new ThumbnailSet();
  await eachThumbnail(index, async (thumbnails) => {
    for (const { key } of thumbnails) kept.add(key);
  });
  return kept;
}

/**
 * Finds small copies that are not expected and were older than an hour at `now`.
 *
 * @param expected of every picture that is indexed, and of every one that may be being indexed
 * @param use gets their names, some at a time
 */
export async function orphanedThumbnails(
  index: ObjectStore,
  expected: ThumbnailSet,
  now: number,
  use: (names: readonly string[]) => Promise<void> | void,
): Promise<void> {
  await eachThumbnail(index, async (thumbnails) => {
    const names = thumbnails
      .filter(({ key, lastModified }) => lastModified.getTime() < now - ORPHAN_AGE_MS && !expected.has(key))
      .map(({ key }) => key);
    if (names.length > 0) await use(names);
  });
}

async function eachThumbnail(
  index: ObjectStore,
  use: (page: readonly ObjectInfo[]) => Promise<void>,
): Promise<void> {
  await mapInParallel(FIRST_DIGITS.length, FIRST_DIGITS, async (digit) => {
    for await (const page of index.list({ prefix: THUMBNAILS_PREFIX + digit })) await use(page);
  });
}
