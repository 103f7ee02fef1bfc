/** Checks on byte ranges that hold for every store. */

import { RangeNotSatisfiable } from './errors.ts';
import type { ByteRange } from './object-store.ts';

/** The bytes in a range. */
export const rangeLength = ({ start, end }: ByteRange): number => end - start;

/**
 * The buffer that a read fills: the caller's, or a new one of the range's length.
 *
 * @throws RangeError when the range is none, or the caller's buffer is not of its length: a mistake in the program.
 */
export function targetOf(range: ByteRange, target: Uint8Array | undefined): Uint8Array {
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new RangeError(`not a byte range: ${start} to ${end}`);
  if (!target) return new Uint8Array(end - start);
  if (target.byteLength !== end - start)
    throw new RangeError(`a target of ${target.byteLength} bytes for a range of ${end - start}`);
  return target;
}

/** @throws RangeNotSatisfiable when an object of `size` bytes does not hold the range. */
export function assertWithin(key: string, range: ByteRange, size: number): void {
  if (range.end > size) throw new RangeNotSatisfiable(key);
}
