/**
 * The two planes in which codes lie in memory, in AssemblyScript: the high halves of all codes of some rows, and their low halves
 * apart from them. Addresses as in kernel.ts.
 *
 * A code plus 128 is 16 times its high nibble and its low one, each from 0 to 15. A byte of a plane has the nibbles of two codes
 * that are 16 apart, so that 16 bytes are those of 32 codes: the low nibbles of the first 16, the high nibbles of the others.
 */

import { addProducts, SUMMED, sumInts, widened } from './products';

/**
 * A byte sixteen times, for loops: a constant would be made anew each time round, which takes longer than what it is for. The
 * compiler does not know that a stride is a multiple of 16.
 */
export function sixteen(byte: i32, stride: usize): v128 {
  return i8x16.splat(<i8>((<i32>stride & 15) ^ byte));
}

/** The first 16 of 32 nibbles. `mask`: 15 sixteen times. */
export function lowNibbles(v: v128, mask: v128): v128 {
  return v128.and(v, mask);
}

/** The other 16. */
export function highNibbles(v: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(v, 4), mask);
}

/** Twice how far 16 low nibbles are from their middle, 7.5. */
function twiceFromMiddle(nibbles: v128, mask: v128): v128 {
  return i8x16.abs(i8x16.sub(i8x16.add(nibbles, nibbles), mask));
}

/** The squares of 16 codes, added to int32. */
function addSquares(total: v128, codes: v128): v128 {
  const sizes = i8x16.abs(codes);
  return widened(total, addProducts(i32x4.splat(0), sizes, sizes));
}

/** As the encoder rounds up: `factor` times a root, float32. */
function norm(factor: f64, squares: i32): f32 {
  return <f32>(factor * sqrt<f64>(<f64>squares) * (1 + 1e-6) + 1e-37);
}

/**
 * Lays records (see codes.ts), one behind the other, where the scan reads them: high halves and bounds of a row together, and its low
 * halves elsewhere. Among the bounds, the last three that no search reads become bounds of norms: of what the low halves add to the
 * middle of a code, of that in the first `head` codes, and of the codes behind these.
 *
 * `stride`: bytes of a record. `high` and `low` lie outside of the records.
 */
export function split(
  records: usize,
  rows: i32,
  stride: usize,
  dimensions: usize,
  head: usize,
  high: usize,
  low: usize,
): void {
  const mask = sixteen(15, stride);
  const sign = sixteen(128, stride);
  for (let i = 0; i < rows; i++) {
    const behind = records + head;
    const bounds = records + dimensions;
    let lowSquares = i32x4.splat(0);
    let restSquares = i32x4.splat(0);
    let headSquares = 0;
    let at = records;
    while (at < bounds) {
      // Neither the head nor all codes need be a multiple.
      const stop = min(at < behind ? behind : bounds, at + 2 * SUMMED);
      let sum = i32x4.splat(0);
      while (at < stop) {
        const a = v128.load(at);
        const b = v128.load(at, 16);
        const first = v128.xor(a, sign);
        const second = v128.xor(b, sign);
        const lowFirst = lowNibbles(first, mask);
        const lowSecond = lowNibbles(second, mask);
        v128.store(high, v128.or(highNibbles(first, mask), v128.andnot(second, mask)));
        v128.store(low, v128.or(lowFirst, i16x8.shl(lowSecond, 4)));
        const sizes = twiceFromMiddle(lowFirst, mask);
        const others = twiceFromMiddle(lowSecond, mask);
        sum = addProducts(addProducts(sum, sizes, sizes), others, others);
        if (at >= behind) restSquares = addSquares(addSquares(restSquares, a), b);
        at += 32;
        high += 16;
        low += 16;
      }
      lowSquares = widened(lowSquares, sum);
      if (at === behind) headSquares = sumInts(lowSquares);
    }
    memory.copy(high, bounds, stride - dimensions);
    const scale = <f64>load<f32>(bounds);
    store<f32>(high, norm(scale / 2, sumInts(lowSquares)), 16);
    store<f32>(high, norm(scale / 2, headSquares), 20);
    store<f32>(high, norm(scale, sumInts(restSquares)), 24);
    records += stride;
    high += stride - dimensions;
  }
}
