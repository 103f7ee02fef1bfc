/** All pictures of one moment of the index in an order, and pages of them. */

import { type Picture, pictureOf } from '../../pictures/attributes.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { compareKeys } from '../../vectorlog/store/object-store.ts';
import { ApiProblem } from './problems.ts';
import type { ORDERS } from './requests.ts';

export type Order = (typeof ORDERS)[number];

/** Kept as long as the index does not change: a list that someone scrolls through is sorted once. */
const catalogues = new WeakMap<View, Map<Order, readonly Picture[]>>();

/** Every picture that a search can find, in order. */
export function catalogue(view: View, order: Order = 'key'): readonly Picture[] {
  const known = catalogues.get(view) ?? new Map<Order, readonly Picture[]>();
  catalogues.set(view, known);
  const sorted =
    known.get(order) ??
    sort(order === 'key' ? Array.from(view.all(), pictureOf) : [...catalogue(view)], order);
  known.set(order, sorted);
  return sorted;
}

export interface PageOptions {
  readonly prefix: string;
  readonly find: string | undefined;
  readonly order: Order;
  /** The last picture of the page before, as `afterPicture` wrote it. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** One page, and how many pictures all pages have together. */
export function pageOf(view: View, { prefix, find, order, after, limit }: PageOptions) {
  const wanted = find?.toLowerCase();
  const all = catalogue(view, order).filter(
    ({ key }) => key.startsWith(prefix) && (wanted === undefined || key.toLowerCase().includes(wanted)),
  );
  const start = after === undefined ? 0 : positionAfter(all, order, after);
  const pictures = all.slice(start, start + limit);
  return { pictures, total: all.length, more: start + limit < all.length };
}

/** What says where a page ended: enough to find the place again when the picture is gone. */
export const afterPicture = (picture: Picture, order: Order): string =>
  JSON.stringify([picture.key, rankOf(picture, order)]);

function positionAfter(all: readonly Picture[], order: Order, after: string): number {
  const last = lastOf(after);
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const each = all[middle]!;
    if (compare({ key: each.key, rank: rankOf(each, order) }, last, order) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastOf(after: string): Ranked {
  try {
    const [key, rank] = JSON.parse(after) as [unknown, unknown];
    if (typeof key === 'string' && (typeof rank === 'string' || typeof rank === 'number'))
      return { key, rank };
  } catch {
    // Not one of this list: said below.
  }
  throw new ApiProblem('invalid-request', 'The cursor is of a list in another order.');
}

interface Ranked {
  readonly key: string;
  readonly rank: string | number;
}

/** What a list is sorted by; of equal ones the key decides. */
function rankOf({ key, lastModified, size, taken }: Picture, order: Order): string | number {
  switch (order) {
    case 'newest':
    case 'oldest':
      return lastModified;
    case 'taken':
      return taken ?? '';
    case 'name':
      return key.slice(key.lastIndexOf('/') + 1);
    case 'largest':
      return size;
    default:
      return '';
  }
}

const DESCENDING = new Set<Order>(['newest', 'taken', 'largest']);
const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function compare(a: Ranked, b: Ranked, order: Order): number {
  const byRank =
    order === 'name'
      ? names.compare(String(a.rank), String(b.rank))
      : a.rank < b.rank
        ? -1
        : Number(a.rank > b.rank);
  return (DESCENDING.has(order) ? -byRank : byRank) || compareKeys(a.key, b.key);
}

const sort = (pictures: Picture[], order: Order): readonly Picture[] =>
  pictures
    .map((picture) => ({ picture, key: picture.key, rank: rankOf(picture, order) }))
    .sort((a, b) => compare(a, b, order))
    .map(({ picture }) => picture);
