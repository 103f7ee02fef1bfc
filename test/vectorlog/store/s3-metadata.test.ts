/** Metadata survives HTTP headers. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHeaders, toHeaders, writeOf } from '../../../vectorlog/store/s3/metadata.ts';

describe('metadata in headers', () => {
  it('comes back as it was given, and is ASCII on the way', () => {
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('=?UTF-8?B?eA==?=', ' x ', '=?'),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z-]{1,10}$/), value), (metadata) => {
        const headers = toHeaders(metadata, 'write');
        expect(Object.values(headers).every((text) => /^[\x20-\x7e]*$/.test(text))).toBe(true);
        expect(fromHeaders(headers)).toEqual({ ...metadata });
      }),
    );
  });

  it('carries the name of the write, and hides it', () => {
    const headers = toHeaders({ owner: 'ada' }, '01ABC');

    expect(writeOf(headers)).toBe('01ABC');
    expect(writeOf(toHeaders({ owner: 'ada' }))).toBeUndefined();
    expect(fromHeaders(headers)).toEqual({ owner: 'ada' });
  });

  it('reads what S3 itself makes of bytes beyond ASCII', () => {
    expect(
      fromHeaders({
        q: '=?UTF-8?Q?Gr=C3=B6=C3=9Fe_1?=',
        b: '=?utf-8?b?54yr?=',
        words: '=?UTF-8?Q?a=20?= =?UTF-8?Q?b?=',
        mixed: 'by =?UTF-8?Q?=C3=9C?=!',
      }),
    ).toEqual({ q: 'Größe 1', b: '猫', words: 'a b', mixed: 'by Ü!' });
  });
});
