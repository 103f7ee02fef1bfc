/**
 * The scan's inner loops, in AssemblyScript: 128-bit SIMD over WebAssembly memory, where the rows lie.
 *
 * Addresses are bytes and multiples of 16; the number of dimensions is a multiple of 32, the number of rows one of 4.
 * The file is compiled three times, by how bytes are multiplied (`PRODUCTS`). Products of codes are integers, so all
 * give the same.
 */

import { highestOf, sumInts } from './intervals';

export { dotFloat, dotFloats, dotFloats4 } from './float-products';
export { judge, measureParts, sift, sift4 } from './intervals';

/**
 * How products of bytes are computed; the builds set it. 0: by what every processor with SIMD has. 1: by relaxed SIMD's
 * sums of two products, one instruction on x86, of which two fit in 16 bits together. 2: by its sums of four, one
 * instruction on ARM; V8 makes five of it on an x86 without AVX-VNNI.
 */
const PRODUCTS: i32 = 0;

/** Adds the products of 16 codes, from -127 to 127, and 16 query integers that are bytes too. */
function addWidened(sum: v128, codes: v128, query: v128): v128 {
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(codes), i16x8.extend_low_i8x16_s(query));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(codes), i16x8.extend_high_i8x16_s(query));
  return i32x4.add(sum, i32x4.add(low, high));
}

/** Adds the products of twice 16 codes, from -127 to 127, and as many coarse query integers, from 0 to 63. */
function addProducts(sum: v128, codes: v128, more: v128, first: v128, second: v128): v128 {
  if (PRODUCTS === 1) {
    // At most 4 * 127 * 63, which 16 bits hold.
    const pairs = i16x8.add(
      i16x8.relaxed_dot_i8x16_i7x16_s(codes, first),
      i16x8.relaxed_dot_i8x16_i7x16_s(more, second),
    );
    return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(pairs));
  }
  if (PRODUCTS === 2) {
    const four = i32x4.relaxed_dot_i8x16_i7x16_add_s(codes, first, sum);
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(more, second, four);
  }
  return addWidened(addWidened(sum, codes, first), more, second);
}

/** Bytes from 32 coarse integers of a query to its next: those of three other queries lie between (layout.ts). */
const TILES: usize = 128;

/**
 * Multiplies the codes of many rows, `stride` bytes apart, with one coarse query, and tells which rows may reach `threshold`.
 *
 * Two streams, the second one half of the rows behind the first: where memory goes on with another page, one waits while the other
 * goes on. Neighbouring rows side by side would take twice as long as one after the other. What is computed of a row follows its
 * codes at once, so that memory never rests.
 *
 * `products`: int32 a row, also written. `weights`, `shares` and `out` as in `sift`. Returns how many rows may.
 */
export function siftCoarse(
  row: usize,
  rows: i32,
  stride: usize,
  dimensions: usize,
  query: usize,
  products: usize,
  weights: usize,
  shares: usize,
  threshold: f64,
  out: usize,
): i32 {
  const ofQuery = v128.load(shares);
  const half = (rows + 1) >> 1;
  const between = <usize>half * stride;
  let count = 0;
  for (let i = 0; i < half; i++) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let from = query;
    const end = row + dimensions;
    for (let at = row; at < end; at += 32) {
      const q = v128.load(from);
      const more = v128.load(from, 16);
      const other = at + between;
      a = addProducts(a, v128.load(at), v128.load(at, 16), q, more);
      b = addProducts(b, v128.load(other), v128.load(other, 16), q, more);
      from += TILES;
    }
    const first = sumInts(a);
    store<i32>(products, first);
    store<i32>(out + (count << 2), i);
    count += highestOf(first, end, end + 16, end + 24, weights, ofQuery) < threshold ? 0 : 1;
    // Of an odd number the last has no other.
    if (i + half < rows) {
      const second = sumInts(b);
      const bounds = end + between;
      store<i32>(products + (half << 2), second);
      store<i32>(out + (count << 2), i + half);
      count += highestOf(second, bounds, bounds + 16, bounds + 24, weights, ofQuery) < threshold ? 0 : 1;
    }
    row += stride;
    products += 4;
  }
  return count;
}

/**
 * Multiplies the first `bytes` codes of many rows, `stride` bytes apart, with four coarse queries whose integers lie side by side, two
 * rows at a time, so that less is loaded than is multiplied. `out`: a line of int32 a query, `line` bytes apart.
 */
export function dotCoarse4(
  row: usize,
  rows: i32,
  stride: usize,
  bytes: usize,
  queries: usize,
  out: usize,
  line: usize,
): void {
  for (let i = 0; i < rows; i += 2) {
    let a0 = i32x4.splat(0);
    let a1 = i32x4.splat(0);
    let a2 = i32x4.splat(0);
    let a3 = i32x4.splat(0);
    let b0 = i32x4.splat(0);
    let b1 = i32x4.splat(0);
    let b2 = i32x4.splat(0);
    let b3 = i32x4.splat(0);
    let at = row;
    let next = row + stride;
    let from = queries;
    const end = row + bytes;
    while (at < end) {
      const a = v128.load(at);
      const aMore = v128.load(at, 16);
      const b = v128.load(next);
      const bMore = v128.load(next, 16);
      let q = v128.load(from);
      let qMore = v128.load(from, 16);
      a0 = addProducts(a0, a, aMore, q, qMore);
      b0 = addProducts(b0, b, bMore, q, qMore);
      q = v128.load(from, 32);
      qMore = v128.load(from, 48);
      a1 = addProducts(a1, a, aMore, q, qMore);
      b1 = addProducts(b1, b, bMore, q, qMore);
      q = v128.load(from, 64);
      qMore = v128.load(from, 80);
      a2 = addProducts(a2, a, aMore, q, qMore);
      b2 = addProducts(b2, b, bMore, q, qMore);
      q = v128.load(from, 96);
      qMore = v128.load(from, 112);
      a3 = addProducts(a3, a, aMore, q, qMore);
      b3 = addProducts(b3, b, bMore, q, qMore);
      at += 32;
      next += 32;
      from += TILES;
    }
    let to = out;
    store<i32>(to, sumInts(a0));
    store<i32>(to, sumInts(b0), 4);
    to += line;
    store<i32>(to, sumInts(a1));
    store<i32>(to, sumInts(b1), 4);
    to += line;
    store<i32>(to, sumInts(a2));
    store<i32>(to, sumInts(b2), 4);
    to += line;
    store<i32>(to, sumInts(a3));
    store<i32>(to, sumInts(b3), 4);
    row += 2 * stride;
    out += 8;
  }
}

/**
 * Adds the products of the codes from `start` on to those of the codes before, for some rows and one coarse query.
 *
 * `numbers`: int32, which rows. `products`: int32, of all rows.
 */
export function dotRest(
  numbers: usize,
  count: i32,
  first: usize,
  stride: usize,
  start: usize,
  dimensions: usize,
  query: usize,
  products: usize,
): void {
  for (let i = 0; i < count; i++) {
    const number = <usize>load<i32>(numbers + (i << 2));
    const row = first + number * stride;
    const end = row + dimensions;
    let sum = i32x4.splat(0);
    let from = query + (start >> 5) * TILES;
    for (let at = row + start; at < end; at += 32) {
      sum = addProducts(sum, v128.load(at), v128.load(at, 16), v128.load(from), v128.load(from, 16));
      from += TILES;
    }
    const product = products + (number << 2);
    store<i32>(product, load<i32>(product) + sumInts(sum));
  }
}
