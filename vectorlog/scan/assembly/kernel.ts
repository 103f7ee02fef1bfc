/**
 * The scan's inner loops, in AssemblyScript: 128-bit SIMD over WebAssembly memory, where the rows lie.
 *
 * Addresses are bytes and multiples of 16; the number of dimensions is a multiple of 32, the number of rows one of 4.
 * It is compiled three times, by how bytes are multiplied (products.ts). Products of codes are integers, so all give the same.
 */

import { highestOf } from './intervals';
import { highNibbles, lowNibbles, sixteen } from './planes';
import { addProducts, SUMMED, sumFours, sumInts, widened } from './products';

export { dotFloat, dotFloats, dotFloats4 } from './float-products';
export { judge, sift, sift4 } from './intervals';
export { split } from './planes';

/** Bytes from 32 coarse integers of a query to its next: those of three other queries lie between (layout.ts). */
const TILES: usize = 128;

/** Adds the products of 32 nibbles and their integers. `mask` as in planes.ts. */
function addTile(sum: v128, nibbles: v128, q: v128, more: v128, mask: v128): v128 {
  return addProducts(addProducts(sum, lowNibbles(nibbles, mask), q), highNibbles(nibbles, mask), more);
}

/** Sums of `addProducts` over `SUMMED` bytes, written out, since a loop would take a third longer. */
function sumTiles(at: usize, query: usize, mask: v128): v128 {
  let sum = addTile(i32x4.splat(0), v128.load(at), v128.load(query), v128.load(query, 16), mask);
  sum = addTile(sum, v128.load(at, 16), v128.load(query, 128), v128.load(query, 144), mask);
  sum = addTile(sum, v128.load(at, 32), v128.load(query, 256), v128.load(query, 272), mask);
  return addTile(sum, v128.load(at, 48), v128.load(query, 384), v128.load(query, 400), mask);
}

/** One row's nibbles, from `at` to `end`, and a coarse query. */
function dotNibbles(at: usize, end: usize, query: usize, mask: v128): i32 {
  let total = i32x4.splat(0);
  while (at + SUMMED <= end) {
    total = widened(total, sumTiles(at, query, mask));
    at += SUMMED;
    query += 4 * TILES;
  }
  let sum = i32x4.splat(0);
  while (at < end) {
    sum = addTile(sum, v128.load(at), v128.load(query), v128.load(query, 16), mask);
    at += 16;
    query += TILES;
  }
  return sumInts(widened(total, sum));
}

/**
 * Multiplies the high halves of many rows' codes, `stride` bytes apart, with one coarse query, and tells which rows may reach
 * `threshold`.
 *
 * Two streams, the second one half of the rows behind the first: where memory goes on with another page, one waits while the other
 * goes on. Neighbouring rows side by side would take twice as long as one after the other. What is computed of a row follows its
 * codes at once, so that memory never rests.
 *
 * `bytes`: of a row's high halves. `products`: int32 a row, also written. `weights`, `shares` and `out` as in `sift`. Returns how
 * many rows may.
 */
export function siftHigh(
  row: usize,
  rows: i32,
  stride: usize,
  bytes: usize,
  query: usize,
  products: usize,
  weights: usize,
  shares: usize,
  threshold: f64,
  out: usize,
): i32 {
  const mask = sixteen(15, stride);
  const ofQuery = v128.load(shares);
  const half = (rows + 1) >> 1;
  const between = <usize>half * stride;
  const whole = bytes & ~(SUMMED - 1);
  let count = 0;
  for (let i = 0; i < half; i++) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let from = query;
    let at = row;
    const stop = row + whole;
    const end = row + bytes;
    while (at < stop) {
      let q = v128.load(from);
      let more = v128.load(from, 16);
      let sumA = addTile(i32x4.splat(0), v128.load(at), q, more, mask);
      let sumB = addTile(i32x4.splat(0), v128.load(at + between), q, more, mask);
      q = v128.load(from, 128);
      more = v128.load(from, 144);
      sumA = addTile(sumA, v128.load(at, 16), q, more, mask);
      sumB = addTile(sumB, v128.load(at + between, 16), q, more, mask);
      q = v128.load(from, 256);
      more = v128.load(from, 272);
      sumA = addTile(sumA, v128.load(at, 32), q, more, mask);
      sumB = addTile(sumB, v128.load(at + between, 32), q, more, mask);
      q = v128.load(from, 384);
      more = v128.load(from, 400);
      sumA = addTile(sumA, v128.load(at, 48), q, more, mask);
      sumB = addTile(sumB, v128.load(at + between, 48), q, more, mask);
      a = widened(a, sumA);
      b = widened(b, sumB);
      at += SUMMED;
      from += 4 * TILES;
    }
    let first = sumInts(a);
    let second = sumInts(b);
    if (at < end) {
      first += dotNibbles(at, end, from, mask);
      second += dotNibbles(at + between, end + between, from, mask);
    }
    store<i32>(products, first);
    store<i32>(out + (count << 2), i);
    count += highestOf(first, end, end + 16, weights, ofQuery) < threshold ? 0 : 1;
    // Of an odd number the last has no other.
    if (i + half < rows) {
      const bounds = end + between;
      store<i32>(products + (half << 2), second);
      store<i32>(out + (count << 2), i + half);
      count += highestOf(second, bounds, bounds + 16, weights, ofQuery) < threshold ? 0 : 1;
    }
    row += stride;
    products += 4;
  }
  return count;
}

/**
 * As `siftHigh`, by both halves of codes at once: where the high ones rule out little, this goes once through memory, not twice. `low`:
 * the low halves of the first row, the next row's `bytes` on.
 */
export function siftBoth(
  row: usize,
  rows: i32,
  stride: usize,
  low: usize,
  bytes: usize,
  query: usize,
  products: usize,
  weights: usize,
  shares: usize,
  threshold: f64,
  out: usize,
): i32 {
  const mask = sixteen(15, stride);
  const ofQuery = v128.load(shares);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    let ofHigh = i32x4.splat(0);
    let ofLow = i32x4.splat(0);
    let from = query;
    let at = row;
    const end = row + bytes;
    while (at < end) {
      const stop = min(at + SUMMED, end);
      let a = i32x4.splat(0);
      let b = i32x4.splat(0);
      while (at < stop) {
        const q = v128.load(from);
        const more = v128.load(from, 16);
        a = addTile(a, v128.load(at), q, more, mask);
        b = addTile(b, v128.load(low), q, more, mask);
        at += 16;
        low += 16;
        from += TILES;
      }
      ofHigh = widened(ofHigh, a);
      ofLow = widened(ofLow, b);
    }
    const product = 16 * sumInts(ofHigh) + sumInts(ofLow);
    store<i32>(products, product);
    store<i32>(out + (count << 2), i);
    count += highestOf(product, end, end + 16, weights, ofQuery) < threshold ? 0 : 1;
    row += stride;
    products += 4;
  }
  return count;
}

/**
 * Multiplies the first `bytes` of many rows' high halves, `stride` bytes apart, with four coarse queries whose integers lie side by
 * side, two rows at a time, so that less is loaded than is multiplied. `out`: int32, four a row.
 */
export function dotHigh4(
  row: usize,
  rows: i32,
  stride: usize,
  bytes: usize,
  queries: usize,
  out: usize,
): void {
  const mask = sixteen(15, stride);
  for (let i = 0; i < rows; i += 2) {
    let totalA0 = i32x4.splat(0);
    let totalA1 = i32x4.splat(0);
    let totalA2 = i32x4.splat(0);
    let totalA3 = i32x4.splat(0);
    let totalB0 = i32x4.splat(0);
    let totalB1 = i32x4.splat(0);
    let totalB2 = i32x4.splat(0);
    let totalB3 = i32x4.splat(0);
    let at = row;
    let from = queries;
    const end = row + bytes;
    while (at < end) {
      const stop = min(at + SUMMED, end);
      let a0 = i32x4.splat(0);
      let a1 = i32x4.splat(0);
      let a2 = i32x4.splat(0);
      let a3 = i32x4.splat(0);
      let b0 = i32x4.splat(0);
      let b1 = i32x4.splat(0);
      let b2 = i32x4.splat(0);
      let b3 = i32x4.splat(0);
      while (at < stop) {
        const both = v128.load(at);
        const a = lowNibbles(both, mask);
        const aMore = highNibbles(both, mask);
        const others = v128.load(at + stride);
        const b = lowNibbles(others, mask);
        const bMore = highNibbles(others, mask);
        let q = v128.load(from);
        a0 = addProducts(a0, a, q);
        b0 = addProducts(b0, b, q);
        q = v128.load(from, 16);
        a0 = addProducts(a0, aMore, q);
        b0 = addProducts(b0, bMore, q);
        q = v128.load(from, 32);
        a1 = addProducts(a1, a, q);
        b1 = addProducts(b1, b, q);
        q = v128.load(from, 48);
        a1 = addProducts(a1, aMore, q);
        b1 = addProducts(b1, bMore, q);
        q = v128.load(from, 64);
        a2 = addProducts(a2, a, q);
        b2 = addProducts(b2, b, q);
        q = v128.load(from, 80);
        a2 = addProducts(a2, aMore, q);
        b2 = addProducts(b2, bMore, q);
        q = v128.load(from, 96);
        a3 = addProducts(a3, a, q);
        b3 = addProducts(b3, b, q);
        q = v128.load(from, 112);
        a3 = addProducts(a3, aMore, q);
        b3 = addProducts(b3, bMore, q);
        at += 16;
        from += TILES;
      }
      totalA0 = widened(totalA0, a0);
      totalA1 = widened(totalA1, a1);
      totalA2 = widened(totalA2, a2);
      totalA3 = widened(totalA3, a3);
      totalB0 = widened(totalB0, b0);
      totalB1 = widened(totalB1, b1);
      totalB2 = widened(totalB2, b2);
      totalB3 = widened(totalB3, b3);
    }
    v128.store(out, sumFours(totalA0, totalA1, totalA2, totalA3));
    v128.store(out, sumFours(totalB0, totalB1, totalB2, totalB3), 16);
    row += 2 * stride;
    out += 32;
  }
}

/**
 * Adds the products of the nibbles from byte `start` of a plane to byte `end` to `factor` times what is there, for some rows and one
 * coarse query.
 *
 * `numbers`: int32, which rows. `plane`: of the first row, the next `stride` bytes on. `products`: int32, of all rows, `step`
 * bytes apart.
 */
export function dotMore(
  numbers: usize,
  count: i32,
  plane: usize,
  stride: usize,
  start: usize,
  end: usize,
  query: usize,
  products: usize,
  step: usize,
  factor: i32,
): void {
  const mask = sixteen(15, stride);
  const from = query + (start >> 4) * TILES;
  for (let i = 0; i < count; i++) {
    const number = <usize>load<i32>(numbers + (i << 2));
    const row = plane + number * stride;
    const product = products + number * step;
    store<i32>(product, factor * load<i32>(product) + dotNibbles(row + start, row + end, from, mask));
  }
}
