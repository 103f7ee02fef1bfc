/** Sets of rows made from other sets; the operands stay as they are. */

import { Bitset } from '../scan/bitset.ts';

/** All of the first `length` rows but those in `excluded`. */
export function allBut(length: number, excluded: Bitset): Bitset {
  const result = new Bitset(length);
  for (let i = 0; i < result.bytes.length; i++) result.bytes[i] = ~(excluded.bytes[i] ?? 0);
  return result;
}

/** The rows in both; as long as `a`. */
export function both(a: Bitset, b: Bitset): Bitset {
  const result = new Bitset(a.length);
  for (let i = 0; i < result.bytes.length; i++) result.bytes[i] = a.bytes[i]! & (b.bytes[i] ?? 0);
  return result;
}

export const copyOf = (bits: Bitset): Bitset => new Bitset(bits.length, bits.bytes.slice());

/** The rows in a set, ascending, with `offset` added. */
export function* rowsOf(bits: Bitset, offset: number): Iterable<number> {
  for (let row = 0; row < bits.length; row++) if (bits.has(row)) yield offset + row;
}
