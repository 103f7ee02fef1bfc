/** Which objects of a bucket belong to an index. */

import { describe, expect, it, test } from 'vitest';
import {
  belongs,
  DEFAULT_FILTER,
  formatEndings,
  PICTURE_ENDINGS,
  parseEndings,
  pictureType,
} from '../../pictures/picture-names.ts';

describe('pictureType', () => {
  it('goes by the ending in any case', () => {
    expect([pictureType('A.JPG'), pictureType('b.svg'), pictureType('c.txt')]).toEqual([
      'image/jpeg',
      'image/svg+xml',
      undefined,
    ]);
  });
});

describe('by default a bucket gives', () => {
  test.each(['a.jpg', 'trip/Ü b.JPEG', 'x.HEIC', 'a.b.png'])('%s', (key) => {
    expect(belongs(key, DEFAULT_FILTER)).toBe(true);
  });

  test.each(['film.mp4', 'notes.json', 'a.pdf', 'jpg', 'logs/2026-11-27-00-00-00-ABCDEF', 'a.jpg.xmp'])(
    'not %s',
    (key) => {
      expect(belongs(key, DEFAULT_FILTER)).toBe(false);
    },
  );
});

test('a prefix and endings narrow it, and "all" takes every name', () => {
  const filter = { prefix: 'photos/', endings: ['.jpg', '_final.TIF'] };
  expect(belongs('photos/a.jpg', filter)).toBe(true);
  expect(belongs('photos/a_FINAL.tif', filter)).toBe(true);
  expect(belongs('photos/a.tif', filter)).toBe(false);
  expect(belongs('other/a.jpg', filter)).toBe(false);
  expect(belongs('photos/without-ending', { prefix: 'photos/', endings: 'all' })).toBe(true);
});

test('endings survive being written into an environment variable', () => {
  expect(parseEndings(formatEndings(PICTURE_ENDINGS))).toEqual(PICTURE_ENDINGS);
  expect(parseEndings(formatEndings('all'))).toBe('all');
  expect(parseEndings(' .jpg, .png ,')).toEqual(['.jpg', '.png']);
});
