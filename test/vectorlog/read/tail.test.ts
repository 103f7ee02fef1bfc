/** The tail by itself: what it holds, what it says of keys, and when it moves. */

import { describe, expect, test } from 'vitest';
import type { Append, KeyState, LogRecord, PutRecord } from '../../../vectorlog/log/record.ts';
import { ABSENT } from '../../../vectorlog/log/record.ts';
import { Tail } from '../../../vectorlog/read/tail.ts';
import { MatrixClosed } from '../../../vectorlog/scan/errors.ts';

const DIMENSIONS = 32;

const put = (key: string, version: string, row = 0): PutRecord => ({
  op: 'put',
  key,
  version,
  eTag: `e${version}`,
  attributes: {},
  row,
});
const remove = (key: string, version: string): LogRecord => ({ op: 'delete', key, version });

/** Vectors of which each has one number throughout. */
const vectorsOf = (...numbers: number[]): Float32Array =>
  Float32Array.from({ length: numbers.length * DIMENSIONS }, (_, i) => numbers[Math.floor(i / DIMENSIONS)]!);

const append = (records: readonly LogRecord[], ...numbers: number[]): Append => ({
  records,
  vectors: vectorsOf(...numbers),
});

/** An append of so many rows that nobody names. */
const nameless = (rows: number): Append => append([], ...Array.from({ length: rows }, () => 0));

const tailOf = (appends: Readonly<Record<string, Append>>): Tail => {
  const tail = new Tail(DIMENSIONS);
  for (const [name, each] of Object.entries(appends)) tail.add(name, each);
  return tail;
};

const stateOf = (tail: Tail, indexed: (key: string) => KeyState = () => ABSENT) => {
  const { rowOf, live, pictures } = tail.state(indexed);
  return { rowOf: Object.fromEntries(rowOf), live: [...live.members()], pictures };
};

describe('a tail', () => {
  test('has what was added, rows one behind the other', () => {
    const tail = tailOf({
      'log/1': append([put('b', '2', 1), put('a', '1', 0)], 3, 4),
      'log/2': append([remove('a', '3')]),
      'log/3': append([put('c', '4')], 5, 6),
    });
    expect(tail.names).toEqual(['log/1', 'log/2', 'log/3']);
    expect([tail.has('log/2'), tail.has('log/4')]).toEqual([true, false]);
    expect([0, 1, 2].map((row) => tail.entry(row).key)).toEqual(['a', 'b', 'c']);
    expect([0, 1, 2, 3].map((row) => tail.matrix.row(row)[0])).toEqual([3, 4, 5, 6]);
    expect(() => tail.entry(3)).toThrow(new RangeError('no entry in row 3 of the tail'));
    expect(() => tail.entry(4)).toThrow(RangeError);
  });

  test('gives its memory back when its last user lets go', async () => {
    const tail = tailOf({ 'log/1': append([put('a', '1')], 1) });
    tail.references.release();
    await expect(tail.matrix.search([vectorsOf(1)], { k: 1 })).rejects.toThrow(MatrixClosed);
  });
});

describe('what a tail says', () => {
  test('is the highest version of each key, whatever the order of appends', () => {
    const tail = tailOf({
      'log/2': append([put('a', '5'), put('b', '1', 1), put('c', '2', 2)], 1, 2, 3),
      'log/1': append([put('a', '7'), remove('b', '2'), put('d', '1', 1), put('c', '1', 2)], 4, 5, 6),
    });
    expect(stateOf(tail)).toStrictEqual({
      rowOf: { a: 3, b: undefined, c: 2, d: 4 },
      live: [2, 3, 4],
      pictures: 3,
    });
  });

  test('is nothing of a key that the index knows a later change of', () => {
    const tail = tailOf({
      'log/1': append([put('live', '3'), put('deleted', '3', 1), put('absent', '3', 2)], 1, 2, 3),
      'log/2': append([put('live', '5'), remove('deleted', '4')], 4),
    });
    const known: Readonly<Record<string, KeyState>> = {
      live: { state: 'live', version: '4', eTag: 'x' },
      deleted: { state: 'deleted', version: '4' },
      absent: ABSENT,
    };
    expect(stateOf(tail, (key) => known[key]!)).toStrictEqual({
      rowOf: { absent: 2, live: 3 },
      live: [2, 3],
      pictures: 2,
    });
  });

  test('is folded in the order of names where records have no versions', () => {
    const first: LogRecord = { ...put('a', ''), version: undefined, basis: ABSENT, eTag: 'e' };
    const then: LogRecord = {
      op: 'delete',
      key: 'a',
      version: undefined,
      basis: { state: 'live', version: undefined, eTag: 'e' },
    };
    const tail = tailOf({ 'log/2': append([then]), 'log/1': append([first], 1) });
    expect(stateOf(tail)).toStrictEqual({ rowOf: { a: undefined }, live: [], pictures: 0 });
  });
});

describe('a tail that lets go of appends', () => {
  test.each([
    ['stays where it is up to a block of rows', { first: 1_000, second: 24 }, false],
    ['moves where more are gone than are left', { first: 1_001, second: 24 }, true],
    ['stays where as many are gone as are left', { first: 700, second: 700 }, false],
    ['moves where one more is gone', { first: 701, second: 700 }, true],
  ])('%s', (_, rows, moves) => {
    const numbers = Array.from({ length: rows.second }, (_, i) => i + 1);
    const tail = tailOf({
      'log/1': nameless(rows.first),
      'log/2': append([put('a', '1', 0), put('b', '2', rows.second - 1)], ...numbers),
    });
    const next = tail.keep(new Set(['log/2', 'log/3']));

    expect(next === tail).toBe(!moves);
    expect(next.names).toEqual(['log/2']);
    const first = moves ? 0 : rows.first;
    const last = first + rows.second - 1;
    expect(next.matrix.length).toBe(last + 1);
    expect(stateOf(next)).toStrictEqual({ rowOf: { a: first, b: last }, live: [first, last], pictures: 2 });
    expect([next.entry(first).key, next.entry(last).key]).toEqual(['a', 'b']);
    expect(next.matrix.row(first)).toEqual(vectorsOf(1));
    expect(next.matrix.row(last)).toEqual(vectorsOf(rows.second));
    // Searches that began before go on.
    expect(tail.matrix.row(rows.first)).toEqual(vectorsOf(1));
  });

  test('and keeps all of them is the same', () => {
    const tail = tailOf({ 'log/1': nameless(2_000), 'log/2': append([put('a', '1')], 1) });
    expect(tail.keep(new Set(['log/1', 'log/2']))).toBe(tail);
    expect(tail.names).toEqual(['log/1', 'log/2']);
  });
});
