/** Tests which files of a drop become pictures, and what they are called. */

import { describe, expect, it } from 'vitest';
import { CHOOSABLE, fromInput, keyFor, pictureType, whyNot } from '../../console/uploads/picked-files.ts';
import { PICTURE_ENDINGS, pictureType as typeByName } from '../../pictures/picture-names.ts';

describe('files that were picked', () => {
  it.each([
    ['a.jpg', 'image/jpeg', 'image/jpeg'],
    ['a.HEIC', '', 'image/heic'],
    ['a.tiff', '', 'image/tiff'],
    ['notes.txt', 'text/plain', undefined],
    ['a.jpg', 'text/html', undefined],
    ['README', '', undefined],
  ])('%s of type "%s" is uploaded as %s', (name, type, expected) => {
    expect(pictureType({ name, type })).toBe(expected);
  });

  it('are taken by the names by which the server takes them', () => {
    for (const ending of PICTURE_ENDINGS) {
      const file = { name: `a${ending.toUpperCase()}`, type: '' };
      expect([ending, pictureType(file), whyNot(file)]).toEqual([ending, typeByName(file.name), undefined]);
    }
  });

  it('can be chosen whatever systems know of them, but for HEIC, which telephones turn into JPEG', () => {
    const named = CHOOSABLE.split(',');
    expect(named[0]).toBe('image/*');
    const missing = PICTURE_ENDINGS.filter((ending) => !named.includes(ending));
    expect(missing).toEqual(['.heic', '.heif', '.hif']);
  });

  it('leave out what systems put into folders', () => {
    const names = ['.DS_Store', 'Thumbs.db', 'desktop.ini', 'cat.png'];
    const picked = fromInput(names.map((name) => new File([''], name)));
    expect(picked.map(({ path }) => path)).toEqual(['cat.png']);
  });

  it('get one key for one name, however their file system writes it', () => {
    const decomposed = 'Fru\u0308hling.jpg';
    const composed = 'Fr\u00fchling.jpg';
    const keys = [decomposed, composed].map((path) => keyFor('2026/', { path, file: new File([''], path) }));
    expect(keys).toEqual([`2026/${composed}`, `2026/${composed}`]);
  });
});
