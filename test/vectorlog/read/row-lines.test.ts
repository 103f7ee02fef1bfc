/** Where lines lie: in pieces that begin anew when they are large, and found by what they contain. */

import { describe, expect, test } from 'vitest';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import { RowLines } from '../../../vectorlog/read/row-lines.ts';

const linesOf = (...pieces: readonly (readonly string[])[]): RowLines => {
  const lines = new RowLines();
  for (const piece of pieces)
    lines.append('rows', Buffer.from(piece.map((line) => `${line}\n`).join('')), piece.length);
  return lines;
};

describe('row lines', () => {
  test.each([
    ['too few', 'a\n', 2, 'rows: 1 lines where 2 belong'],
    ['none', '', 1, 'rows: 0 lines where 1 belong'],
    ['a cut one', 'a\nb', 2, 'rows: 1 lines where 2 belong'],
    ['too many', 'a\nb\n', 1, 'rows: more than the 1 lines that belong'],
    ['some where none belong', 'a\n', 0, 'rows: more than the 0 lines that belong'],
    ['a cut one too many', 'a\nb', 1, 'rows: more than the 1 lines that belong'],
  ])('refuse %s, and stay as they were', (_, bytes, rows, message) => {
    const lines = linesOf(['before']);
    const append = () => lines.append('rows', Buffer.from(bytes), rows);
    expect(append).toThrow(IndexDamaged);
    expect(append).toThrow(message);
    expect(lines.length).toBe(1);
    expect(lines.line(0).toString()).toBe('before\n');
  });

  test('are as they were added, whether joined or in pieces of their own', () => {
    // Two pieces of 4 MiB, which nothing is joined to, and small ones around them.
    const large = 'x'.repeat(4 * 2 ** 20);
    const pieces = [['a', 'b'], [], ['c'], ['d', large], ['e'], ['f', 'g'], [large, 'h'], ['i']];
    const lines = linesOf(...pieces);
    const all = pieces.flat();

    expect(lines.length).toBe(11);
    for (const [row, line] of all.entries()) {
      const found = lines.line(row);
      expect(found.length).toBe(line.length + 1);
      expect(found.toString('latin1', 0, 2)).toBe(`${line}\n`.slice(0, 2));
      expect(found.at(-1)).toBe(10);
    }
    const rowsWith = (needle: string, from: number) => [...lines.containing(Buffer.from(needle), from)];
    expect(rowsWith('x', 0)).toEqual([4, 8]);
    expect(rowsWith('x', 5)).toEqual([8]);
    expect(rowsWith('x', 9)).toEqual([]);
    expect(rowsWith('g', 0)).toEqual([7]);
    expect(rowsWith('i', 10)).toEqual([10]);
    expect(rowsWith('\n', 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('that contain something are given once each, from any row on', () => {
    const lines = linesOf(['needle', 'none', 'needle needle', ' needle'], ['none', 'needle']);
    const rows = (needle: string, from: number) => [...lines.containing(Buffer.from(needle), from)];
    expect(rows('needle', 0)).toEqual([0, 2, 3, 5]);
    expect(rows('needle', 1)).toEqual([2, 3, 5]);
    expect(rows('needle', 3)).toEqual([3, 5]);
    expect(rows('needle', 4)).toEqual([5]);
    expect(rows('needle', 6)).toEqual([]);
    expect(rows('no such thing', 0)).toEqual([]);
    expect([...new RowLines().containing(Buffer.from('needle'), 0)]).toEqual([]);
  });

  test.each([-1, 3, 4])('have no row %i of three', (row) => {
    const lines = linesOf(['a', 'b', 'c']);
    expect(() => lines.line(row)).toThrow(new RangeError(`row ${row} of 3`));
  });

  test('have no row where there is none', () => {
    expect(() => new RowLines().line(0)).toThrow(new RangeError('row 0 of 0'));
  });

  test('that are no entry say which row they are', () => {
    const lines = linesOf(['{"key":"a","eTag":"e","n":1}', 'null']);
    expect(lines.entry(0)).toEqual({ key: 'a', version: undefined, eTag: 'e', attributes: { n: 1 } });
    expect(() => lines.entry(1)).toThrow(IndexDamaged);
    expect(() => lines.entry(1)).toThrow('row 1: not a row: null');
  });
});
