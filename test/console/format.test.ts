/** Tests numbers and times as they are shown. */

import { describe, expect, it } from 'vitest';
import {
  ago,
  bytes,
  duration,
  fileName,
  folderOf,
  pixelsAndDay,
  plural,
  score,
} from '../../console/parts/format.ts';

describe('what is shown', () => {
  it.each([
    [1, '1.00'],
    [0.99999, '0.99'],
    [0.29, '0.29'],
    [0.57, '0.57'],
    [-0.1, '0.00'],
  ])('cuts a score of %d to %s, so that only the same picture has 1.00', (value, text) => {
    expect(score(value)).toBe(text);
  });

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1_536, '1.5 KB'],
    [20_000_000, '20 MB'],
  ])('writes %d bytes as %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  it.each([
    [5, 'just now'],
    [60, '1 minute ago'],
    [7_300, '2 hours ago'],
    [200_000, '2 days ago'],
  ])('writes %i seconds as %s', (seconds, text) => {
    expect(ago(new Date(0).toISOString(), seconds * 1_000)).toBe(text);
  });

  it.each([
    [{ width: 6_000, height: 4_000, taken: '2019-08-02T23:30:00+09:00' }, '6000 × 4000, Aug 2, 2019'],
    [{ width: 200, height: 100 }, '200 × 100'],
    [{ taken: '2019-08-02T00:10:00Z' }, 'Aug 2, 2019'],
    [{}, ''],
  ])('writes what is known of a picture, %j, as %s', (picture, text) => {
    expect(pixelsAndDay(picture)).toBe(text);
  });

  it('writes counts and durations', () => {
    expect(plural(1, 'picture')).toBe('1 picture');
    expect(plural(12_345, 'picture')).toBe('12,345 pictures');
    expect(duration(0.2)).toBe('1 ms');
    expect(duration(1_240)).toBe('1.2 s');
  });

  it('takes keys apart as a file manager does', () => {
    expect(fileName('a/b/c.jpg')).toBe('c.jpg');
    expect(folderOf('a/b/c.jpg')).toBe('a/b/');
    expect(folderOf('c.jpg')).toBe('');
  });
});
