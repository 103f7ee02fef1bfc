import { describe, expect, it } from 'vitest';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';

describe('Bitset', () => {
  it('sets, clears and counts bits, the least significant first', () => {
    const bits = new Bitset(12);

    bits.add(0);
    bits.add(9);
    bits.add(11);
    bits.delete(0);

    expect([...bits.bytes]).toEqual([0, 0b1010]);
    expect(bits.has(9)).toBe(true);
    expect(bits.has(0)).toBe(false);
    expect(bits.has(100)).toBe(false);
    expect(bits.count()).toBe(2);
  });

  it('ignores bits past its length in bytes that it was given', () => {
    expect(new Bitset(4, Uint8Array.of(0xff)).count()).toBe(4);
  });

  it('refuses bytes that are too few and bits that it has not', () => {
    expect(() => new Bitset(9, new Uint8Array(1))).toThrow(RangeError);
    expect(() => new Bitset(9).add(9)).toThrow(RangeError);
  });

  it('makes other sets and leaves itself as it is', () => {
    const set = new Bitset(20);
    for (const i of [0, 9, 19]) set.add(i);
    const other = new Bitset(12);
    for (const i of [0, 1, 9]) other.add(i);

    expect([...set.members()]).toEqual([0, 9, 19]);
    expect([...set.and(other).members()]).toEqual([0, 9]);
    expect([...other.complement(14).members()]).toEqual([2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]);
    expect([...set.copy(12).members()]).toEqual([0, 9]);
    expect([...new Bitset(9, Uint8Array.of(0xff, 0xff)).copy(16).members()]).toHaveLength(9);
    expect([...set.members()]).toEqual([0, 9, 19]);
  });
});
