/** Which rows a search may answer with: those that are asked for and not dead, as they were when it began. */

import { Bitset } from './bitset.ts';

export interface RowMask {
  /** Bits of the rows that can be hits; all of the range when `undefined`. */
  readonly bits: Uint8Array | undefined;
  /** How many rows of the range can be hits. */
  readonly count: number;
}

/**
 * @param start first row that can be a hit
 * @param end the row behind the last
 * @param allowed only these can be hits, when given
 * @param dead these never are
 */
export function rowMask(start: number, end: number, allowed: Bitset | undefined, dead: Bitset): RowMask {
  // The kernel takes rows by fours, and so begins up to three rows before the range.
  if (!allowed && dead.length === 0 && start % 4 === 0) return { bits: undefined, count: end - start };
  const mask = new Bitset(end);
  if (allowed) mask.bytes.set(allowed.bytes.subarray(0, mask.bytes.length));
  else mask.bytes.fill(0xff);
  for (let i = 0; i < mask.bytes.length; i++) mask.bytes[i]! &= ~(dead.bytes[i] ?? 0);
  for (let i = start & ~3; i < start; i++) mask.delete(i);
  // Bits past the end of `allowed` may be anything in its last byte.
  for (let i = allowed?.length ?? end; i < end && i % 8 > 0; i++) mask.delete(i);
  return { bits: mask.bytes, count: mask.count(start, end) };
}
