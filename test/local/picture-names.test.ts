import { describe, expect, it } from 'vitest';
import { isPictureKey } from '../../local/picture-names.ts';

describe('isPictureKey', () => {
  it.each(['a.jpg', 'a/b/c.PNG', 'été 2024/ü ö.webp', '100%.jpeg', 'a..b.gif', 'x.heic'])(
    'takes %s',
    (key) => {
      expect(isPictureKey(key)).toBe(true);
    },
  );

  it.each([
    'README.txt',
    'film.mov',
    'a',
    '.hidden.jpg',
    '.likeness/thumbnails/a.webp',
    'a/.b/c.jpg',
    '../a.jpg',
    'a/../b.jpg',
    '/a.jpg',
    'a//b.jpg',
    'a\\..\\b.jpg',
    'a\0.jpg',
    '.jpg',
    '',
  ])('leaves %j alone', (key) => {
    expect(isPictureKey(key)).toBe(false);
  });
});
