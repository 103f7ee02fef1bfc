/** Metadata survives HTTP headers. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHeaders, toHeaders, writeOf } from '../../../../vectorlog/store/s3/metadata.ts';

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

  it('goes as it is where a header leaves it alone, and else encoded', () => {
    const encoded = (value: string) => toHeaders({ v: value }).v;
    for (const plain of ['', 'a b', '~ ! =', 'a?=b', '=']) expect(encoded(plain)).toBe(plain);
    // What `printf %s … | base64` makes of them.
    expect(encoded(' a')).toBe('=?UTF-8?B?IGE=?=');
    expect(encoded('a ')).toBe('=?UTF-8?B?YSA=?=');
    expect(encoded('=?')).toBe('=?UTF-8?B?PT8=?=');
    expect(encoded('a\tb')).toBe('=?UTF-8?B?YQli?=');
    expect(encoded('\x7f')).toBe('=?UTF-8?B?fw==?=');
    expect(encoded('é')).toBe('=?UTF-8?B?w6k=?=');
  });

  it('has names in lower case, whoever wrote them', () => {
    expect(toHeaders({ Owner: 'ada' }, 'W')).toEqual({ owner: 'ada', 'likeness-write': 'W' });
    expect(fromHeaders({ Owner: 'ada', 'Likeness-Write': 'W' })).toEqual({ owner: 'ada' });
    expect(writeOf({ 'Likeness-Write': 'W' })).toBe('W');
  });

  it('may be none', () => {
    expect(toHeaders(undefined)).toStrictEqual({});
    expect(fromHeaders()).toEqual({});
    expect(writeOf()).toBeUndefined();
  });

  it('is decoded word by word, and what is no such word stays', () => {
    const decoded = (value: string) => fromHeaders({ v: value }).v;
    expect(decoded('=?utf-8?q?=c3=b6_=C3=96?=')).toBe('ö Ö');
    expect(decoded('=?UTF-8?Q?a?= \t =?UTF-8?Q?b?= =?UTF-8?B?Yw==?=')).toBe('abc');
    expect(decoded('=?UTF-8?Q?a?= and =?UTF-8?Q?b?=')).toBe('a and b');
    expect(decoded('=?UTF-8?Q?50=%_=4?=')).toBe('50=% =4');
    expect(decoded('=?iso-8859-1?Q?=F6?=')).toBe('=?iso-8859-1?Q?=F6?=');
    expect(decoded('=?UTF-8?X?a?=')).toBe('=?UTF-8?X?a?=');
  });
});
