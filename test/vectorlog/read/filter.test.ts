/** What filters let through, and how little they look at to know. */

import { describe, expect, test, vi } from 'vitest';
import { encodeRow } from '../../../vectorlog/commit/file-formats.ts';
import type { Attributes } from '../../../vectorlog/log/record.ts';
import { type Condition, FilteredRows, isOpen, matches, NO_FILTER } from '../../../vectorlog/read/filter.ts';
import { RowLines } from '../../../vectorlog/read/row-lines.ts';

const isRed = ({ colour }: Attributes): boolean => colour === 'red';
const red = { name: 'red', holds: isRed };

const entryOf = (key: string, colour: string) => ({
  key,
  version: '1',
  eTag: 'e',
  attributes: { colour },
});

function linesOf(...entries: readonly (readonly [key: string, colour: string])[]) {
  const lines = new RowLines();
  const add = (more: typeof entries) => {
    const text = more.map(([key, colour]) => encodeRow(entryOf(key, colour))).join('');
    lines.append('rows', Buffer.from(text), more.length);
  };
  add(entries);
  return { add, filtered: new FilteredRows(lines) };
}

/** A condition that counts what it was asked. */
const counting = (condition: Condition) => ({ ...condition, holds: vi.fn(condition.holds) });

describe('a filter', () => {
  test.each([
    ['nothing', NO_FILTER, true],
    ['an empty prefix', { prefix: '', condition: undefined }, true],
    ['a prefix', { prefix: 'a' }, false],
    ['a condition', { prefix: '', condition: red }, false],
    ['both', { prefix: 'a', condition: red }, false],
  ])('of %s lets everything through: %s', (_, filter, expected) => {
    expect(isOpen(filter)).toBe(expected);
  });

  test.each([
    [{ prefix: '' }, true],
    [{ prefix: 'a/' }, true],
    [{ prefix: 'a/1' }, true],
    [{ prefix: '/1' }, false],
    [{ prefix: 'b' }, false],
    [{ prefix: 'a', condition: red }, true],
    [{ prefix: 'b', condition: red }, false],
    [{ prefix: 'a', condition: { name: 'none', holds: () => false } }, false],
  ])('lets an entry through that it matches: %o %s', (filter, expected) => {
    expect(matches(filter, entryOf('a/1', 'red'))).toBe(expected);
  });
});

describe('filtered rows', () => {
  const entries = [
    ['a/1', 'red'],
    ['b/1', 'red'],
    ['a/2', 'blue'],
    ['a/3', 'red'],
  ] as const;

  test.each([
    ['all', NO_FILTER, [0, 1, 2, 3]],
    ['a prefix', { prefix: 'a/' }, [0, 2, 3]],
    ['a condition', { prefix: '', condition: red }, [0, 1, 3]],
    ['both', { prefix: 'a/', condition: red }, [0, 3]],
    ['both, and a needle', { prefix: 'a/', condition: { ...red, needle: '"colour":"red"' } }, [0, 3]],
    ['none', { prefix: 'c' }, []],
  ])('are those of %s', (_, filter, expected) => {
    const { filtered } = linesOf(...entries);
    expect([...filtered.rows(filter, 4).members()]).toEqual(expected);
    expect([...filtered.rows(filter, 4).members()]).toEqual(expected);
  });

  test('of different filters are kept apart', () => {
    const { filtered } = linesOf(...entries);
    const blue = { name: 'blue', holds: ({ colour }: Attributes) => colour === 'blue' };
    const rowsOf = (filter: Parameters<FilteredRows['rows']>[0]) => [...filtered.rows(filter, 4).members()];
    for (let time = 0; time < 2; time++) {
      expect(rowsOf({ prefix: '', condition: red })).toEqual([0, 1, 3]);
      expect(rowsOf({ prefix: '', condition: blue })).toEqual([2]);
      expect(rowsOf({ prefix: 'b', condition: red })).toEqual([1]);
      expect(rowsOf({ prefix: 'b', condition: blue })).toEqual([]);
      expect(rowsOf({ prefix: 'b' })).toEqual([1]);
    }
  });

  test('are remembered, and only rows that were added since are looked at', () => {
    const { add, filtered } = linesOf(...entries);
    const condition = counting(red);
    const filter = { prefix: '', condition };
    const known = filtered.rows(filter, 4);
    expect(condition.holds).toHaveBeenCalledTimes(4);
    expect(filtered.rows(filter, 4)).toBe(known);
    expect(filtered.rows(filter, 3)).toBe(known);
    expect(condition.holds).toHaveBeenCalledTimes(4);

    add([
      ['a/4', 'red'],
      ['a/5', 'blue'],
    ]);
    expect([...filtered.rows(filter, 6).members()]).toEqual([0, 1, 3, 4]);
    expect(condition.holds).toHaveBeenCalledTimes(6);
    // Views that are in use have the set that they were given.
    expect(known.length).toBe(4);
  });

  test('are parsed only where the needle stands, and below the row that was asked for', () => {
    const { filtered } = linesOf(...entries, ['a/4', 'red']);
    const condition = counting({ ...red, needle: '"colour":"red"' });
    expect([...filtered.rows({ prefix: '', condition }, 3).members()]).toEqual([0, 1]);
    expect(condition.holds).toHaveBeenCalledTimes(2);
    expect([...filtered.rows({ prefix: '', condition }, 4).members()]).toEqual([0, 1, 3]);
    expect(condition.holds).toHaveBeenCalledTimes(3);
    expect([...filtered.rows({ prefix: '', condition }, 5).members()]).toEqual([0, 1, 3, 4]);
    expect(condition.holds).toHaveBeenCalledTimes(4);
  });

  test('of another prefix are not parsed at all', () => {
    const { filtered } = linesOf(...entries);
    const condition = counting(red);
    expect([...filtered.rows({ prefix: 'b', condition }, 4).members()]).toEqual([1]);
    expect(condition.holds).toHaveBeenCalledTimes(1);
  });
});
