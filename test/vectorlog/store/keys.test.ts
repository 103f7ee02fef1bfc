/** The order of keys is that of their UTF-8 bytes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, isKey } from '../../../vectorlog/store/object-store.ts';

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', '/', '.', '\uFF5E', '😀', '\u{10FFFF}', '\uD7FF'),
    fc.string({ unit: 'binary' }),
  ),
});

describe('compareKeys', () => {
  it('orders as the bytes do', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});

describe('isKey', () => {
  it('takes 1 to 1,024 bytes of UTF-8', () => {
    expect(['a', '猫'.repeat(341), 'k'.repeat(1_024), '😀'].map(isKey)).toEqual([true, true, true, true]);
    expect(['', '猫'.repeat(342), 'k'.repeat(1_025), '\ud83d', '\ude00a'].map(isKey)).toEqual(
      Array(5).fill(false),
    );
  });
});
