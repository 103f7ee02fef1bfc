/** The attributes of a picture: as they are kept, beside the fields of the index's own, and read from old rows. */

import { describe, expect, it } from 'vitest';
import { attributesOf, metadataCondition, pictureOf } from '../../pictures/attributes.ts';
import { decodeRows, encodeRow } from '../../vectorlog/commit/file-formats.ts';

const attributes = {
  size: 7,
  contentType: 'image/png',
  metadata: { album: 'sea' },
  lastModified: '2026-06-01T12:00:00.000Z',
};

describe('the attributes of a picture', () => {
  it('stand flat in a row, which begins with the key, and come back', () => {
    const row = encodeRow({ key: 'a', version: '1F', eTag: 'e', attributes: attributesOf(attributes) });
    expect(row).toBe(
      '{"key":"a","version":"1F","eTag":"e","size":7,"contentType":"image/png","metadata":{"album":"sea"},"lastModified":"2026-06-01T12:00:00.000Z"}\n',
    );
    const [entry] = decodeRows('rows', Buffer.from(row));
    expect(pictureOf(entry!)).toEqual({ key: 'a', version: '1F', eTag: 'e', ...attributes });
  });

  it('are made up for where an old row lacks them', () => {
    const [entry] = decodeRows('rows', Buffer.from('{"key":"a","eTag":"e"}\n'));
    expect(pictureOf(entry!)).toMatchObject({ size: 0, metadata: {}, lastModified: '' });
    expect(metadataCondition([{ name: 'album', values: ['sea'] }])!.holds(entry!.attributes)).toBe(false);
  });

  it('cannot take the names of the fields of the index itself', () => {
    const entry = { key: 'a', version: '1', eTag: 'e', attributes: { row: 1 } };
    expect(() => encodeRow(entry)).toThrow(RangeError);
  });
});
