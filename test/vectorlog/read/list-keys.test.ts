/** Pages of keys, in the order of their UTF-8 bytes, out of rows and entries that are in none. */

import { describe, expect, test } from 'vitest';
import { encodeRow } from '../../../vectorlog/commit/file-formats.ts';
import type { Entry } from '../../../vectorlog/log/record.ts';
import { pageOfKeys } from '../../../vectorlog/read/list-keys.ts';
import { RowLines } from '../../../vectorlog/read/row-lines.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';

const entryOf = (key: string): Entry => ({ key, version: '1', eTag: `e ${key}`, attributes: { of: key } });

/** Dead rows have keys that come again, which is why they must not be listed. */
const ROWS = ['d', 'aA', 'dead', '😀', 'b', 'a"q', '～', 'dead too', 'f'];
const DEAD = [2, 7];
const OTHERS = ['e1', 'a', 'ä'];
/** By UTF-16 "😀" would come before "～"; as JSON escapes it, "a\"q" would come after "aA". */
const SORTED = ['a', 'a"q', 'aA', 'b', 'd', 'e1', 'f', 'ä', '～', '😀'];

const lines = new RowLines();
lines.append('rows', Buffer.from(ROWS.map((key) => encodeRow(entryOf(key))).join('')), ROWS.length);
const live = new Bitset(ROWS.length);
for (const row of ROWS.keys()) if (!DEAD.includes(row)) live.add(row);

const page = (options: { prefix?: string; after?: string; limit: number }) =>
  pageOfKeys(lines, live, OTHERS.map(entryOf), { prefix: '', after: undefined, ...options });

describe('a page of keys', () => {
  test.each([
    ['all of them', { limit: 100 }, SORTED, 10, false],
    ['as many as there are', { limit: 10 }, SORTED, 10, false],
    ['one less', { limit: 9 }, SORTED.slice(0, 9), 10, true],
    ['the first', { limit: 1 }, ['a'], 10, true],
    ['the first three', { limit: 3 }, ['a', 'a"q', 'aA'], 10, true],
    ['those after one', { after: 'b', limit: 3 }, ['d', 'e1', 'f'], 10, true],
    ['those after one that is not there', { after: 'c', limit: 2 }, ['d', 'e1'], 10, true],
    ['the last ones', { after: 'f', limit: 3 }, ['ä', '～', '😀'], 10, false],
    ['those after the last', { after: '😀', limit: 3 }, [], 10, false],
    ['those after nothing', { after: '', limit: 1 }, ['a'], 10, true],
    ['those of a prefix', { prefix: 'a', limit: 100 }, ['a', 'a"q', 'aA'], 3, false],
    ['those of a prefix that is escaped in lines', { prefix: 'a"', limit: 100 }, ['a"q'], 1, false],
    ['those of a prefix, after one of them', { prefix: 'a', after: 'a', limit: 1 }, ['a"q'], 3, true],
    ['those of a prefix beyond ASCII', { prefix: 'ä', limit: 1 }, ['ä'], 1, false],
    ['those of a prefix that is in no row', { prefix: 'e', limit: 1 }, ['e1'], 1, false],
    ['none of what is no beginning', { prefix: '1', limit: 1 }, [], 0, false],
    ['none of a prefix', { prefix: 'q', limit: 5 }, [], 0, false],
    ['none, but that there are some', { limit: 0 }, [], 10, true],
  ])('has %s', (_, options, keys, total, more) => {
    expect(page(options)).toEqual({ entries: keys.map(entryOf), total, more });
  });

  test('is the same in pages of any size', () => {
    for (let limit = 1; limit <= SORTED.length; limit++) {
      const seen: string[] = [];
      for (let more = true; more; ) {
        const next = page({ after: seen.at(-1) ?? '', limit });
        expect(next.entries.length).toBeGreaterThan(0);
        seen.push(...next.entries.map(({ key }) => key));
        more = next.more;
      }
      expect(seen).toEqual(SORTED);
    }
  });

  test('of nothing is empty', () => {
    const none = pageOfKeys(new RowLines(), new Bitset(0), [], { prefix: '', after: undefined, limit: 1 });
    expect(none).toEqual({ entries: [], total: 0, more: false });
  });
});
