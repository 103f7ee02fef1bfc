/** Pages of keys in order, out of rows that are in none. */

import type { Entry } from '../log/record.ts';
import type { Bitset } from '../scan/bitset.ts';
import { escapedKey, keyOfLine, startsWith } from './key-lookup.ts';
import type { RowLines } from './row-lines.ts';

export interface ListPage {
  readonly entries: Entry[];
  /** Live entries under the prefix. */
  readonly total: number;
  /** Whether there are more after the page. */
  readonly more: boolean;
}

interface Candidate {
  readonly key: Buffer;
  readonly entry: () => Entry;
}

/**
 * The first `limit` keys after `after`, by their UTF-8 bytes. One pass over all rows that holds no more than a page:
 * that costs some tens of milliseconds for 100,000 rows and no memory, where a sorted index would cost both at every
 * start.
 *
 * @param live rows that count
 * @param others entries that are not in rows
 */
export function pageOfKeys(
  lines: RowLines,
  live: Bitset,
  others: readonly Entry[],
  { prefix, after, limit }: { prefix: string; after: string | undefined; limit: number },
): ListPage {
  const page: Candidate[] = [];
  const afterKey = after === undefined ? undefined : Buffer.from(after);
  let total = 0;
  let beyond = 0;

  const offer = (candidate: Candidate) => {
    total++;
    if (afterKey && candidate.key.compare(afterKey) <= 0) return;
    beyond++;
    const last = page.at(-1);
    if (page.length === limit && last && candidate.key.compare(last.key) > 0) return;
    page.splice(position(page, candidate.key), 0, candidate);
    if (page.length > limit) page.pop();
  };

  const beginning = escapedKey(prefix);
  for (const row of live.members()) {
    const escaped = keyOfLine(lines.line(row));
    if (startsWith(escaped, beginning)) offer({ key: unescaped(escaped), entry: () => lines.entry(row) });
  }
  for (const entry of others) {
    if (entry.key.startsWith(prefix)) offer({ key: Buffer.from(entry.key), entry: () => entry });
  }
  return { entries: page.map(({ entry }) => entry()), total, more: beyond > page.length };
}

const BACKSLASH = 0x5c;

/** The key's own bytes; nearly every key is written as it is. */
const unescaped = (escaped: Buffer): Buffer =>
  escaped.includes(BACKSLASH) ? Buffer.from(JSON.parse(`"${escaped}"`)) : escaped;

function position(page: readonly Candidate[], key: Buffer): number {
  let low = 0;
  let high = page.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (page[middle]!.key.compare(key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
