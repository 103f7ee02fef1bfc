/** The table from keys to rows: its size, and keys as they stand in lines. */

import { describe, expect, test } from 'vitest';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import { escapedKey, KeyLookup, keyOfLine, startsWith } from '../../../vectorlog/read/key-lookup.ts';
import { RowLines } from '../../../vectorlog/read/row-lines.ts';

describe('the table', () => {
  test.each([
    // 8 bytes a slot, 1,024 at the least, at most half of them taken.
    [0, 8_192],
    [1, 8_192],
    [512, 8_192],
    [513, 16_384],
    [1_024, 16_384],
    [1_000_000, 16_777_216],
  ])('takes for %i rows %i bytes', (rows, bytes) => {
    expect(KeyLookup.bytesFor(rows)).toBe(bytes);
  });

  test('finds a key where it stood in each generation, and keeps what it knows when it grows', () => {
    const lines = new RowLines();
    const lookup = new KeyLookup(lines);
    const add = (...keys: string[]) => {
      const text = keys.map((key) => `{"key":${JSON.stringify(key)}}\n`).join('');
      lines.append('rows', Buffer.from(text), keys.length);
      lookup.update();
    };
    expect(lookup.find('a')).toBeUndefined();
    add('a', 'b');
    add('a');
    add('c"', 'a');
    // So many that the table grows, twice.
    add(...Array.from({ length: 600 }, (_, i) => `more ${i}`));
    add(...Array.from({ length: 600 }, (_, i) => `and more ${i}`), 'b');

    const rowsOf = (key: string) => [0, 1, 2, 3, 5, 1_206].map((rows) => lookup.find(key, rows));
    expect(rowsOf('a')).toEqual([undefined, 0, 0, 2, 4, 4]);
    expect(rowsOf('b')).toEqual([undefined, undefined, 1, 1, 1, 1_205]);
    expect(rowsOf('c"')).toEqual([undefined, undefined, undefined, undefined, 3, 3]);
    expect(lookup.find('a')).toBe(4);
    expect(lookup.find('b')).toBe(1_205);
    for (let i = 0; i < 600; i++) {
      expect(lookup.find(`more ${i}`)).toBe(5 + i);
      expect(lookup.find(`and more ${i}`)).toBe(605 + i);
    }
    expect(lookup.find('more')).toBeUndefined();
    expect(lookup.find('more 600')).toBeUndefined();
  });
});

describe('a key as it stands in a line', () => {
  test.each([
    ['{"key":"a.jpg","eTag":"e"}\n', 'a.jpg'],
    ['{"key":""}\n', ''],
    // A quote that is escaped does not end it; one behind an escaped backslash does.
    ['{"key":"a\\"b","eTag":"e"}\n', 'a\\"b'],
    ['{"key":"a\\\\","eTag":"e"}\n', 'a\\\\'],
    ['{"key":"ä😀"}\n', 'ä😀'],
    ['{"key":"cut', 'cut'],
  ])('%s', (line, key) => {
    expect(keyOfLine(Buffer.from(line)).toString()).toBe(key);
  });

  test.each(['{"eTag":"e","key":"a"}\n', '{"key":5}\n', '', '{"key":'])('is not in "%s"', (line) => {
    const read = () => keyOfLine(Buffer.from(line));
    expect(read).toThrow(IndexDamaged);
    expect(read).toThrow('rows file: a line does not begin with a key');
  });

  test.each([
    ['a"b\\c', 'a\\"b\\\\c'],
    ['line\n', 'line\\n'],
    ['', ''],
  ])('is that of JSON, without quotes', (key, escaped) => {
    expect(escapedKey(key).toString()).toBe(escaped);
  });

  test.each([
    ['abc', '', true],
    ['abc', 'ab', true],
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['abc', 'abd', false],
    ['abc', 'bbc', false],
    ['', '', true],
    ['', 'a', false],
  ])('"%s" begins with "%s": %s', (bytes, beginning, expected) => {
    expect(startsWith(Buffer.from(bytes), Buffer.from(beginning))).toBe(expected);
  });
});
