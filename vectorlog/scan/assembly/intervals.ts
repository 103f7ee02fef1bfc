/** Between what rows' scores are, by products of their codes, in AssemblyScript; docs/scan.md has the derivation, addresses as in kernel.ts. */

import { highNibbles, lowNibbles, sixteen } from './planes';
import { sumFours, sumInts } from './products';

/** The codes of one row, whose halves lie in two planes, and a query of 16-bit integers; exact. */
function dotFine(high: usize, low: usize, bytes: usize, query: usize, mask: v128, sign: v128): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  const end = high + bytes;
  while (high < end) {
    const highs = v128.load(high);
    const lows = v128.load(low);
    const first = v128.xor(v128.or(i16x8.shl(lowNibbles(highs, mask), 4), lowNibbles(lows, mask)), sign);
    const second = v128.xor(v128.or(v128.andnot(highs, mask), highNibbles(lows, mask)), sign);
    a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(first), v128.load(query)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(first), v128.load(query, 16)));
    a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(second), v128.load(query, 32)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(second), v128.load(query, 48)));
    high += 16;
    low += 16;
    query += 64;
  }
  return sumInts(i32x4.add(a, b));
}

/** Two 16-bit integers from lane `at` on, times two float64 where `weights` lie. */
function widened(shares: v128, weights: usize): v128 {
  return f64x2.mul(f64x2.convert_low_i32x4_s(shares), v128.load(weights));
}

/** The shares of a row, times those of a query, in float64. */
function dotShares(row: usize, query: usize): f64 {
  const shares = v128.load(row);
  const low = i32x4.extend_low_i16x8_s(shares);
  const high = i32x4.extend_high_i16x8_s(shares);
  const sum = f64x2.add(
    f64x2.add(widened(low, query), widened(i64x2.shuffle(low, low, 1, 1), query + 16)),
    f64x2.add(widened(high, query + 32), widened(i64x2.shuffle(high, high, 1, 1), query + 48)),
  );
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * Between what the scores of some rows are, by all their codes and the query's 16-bit integers.
 *
 * `numbers`: int32, which rows. `high`: the high halves of the first row's codes, `bytes` of them, and then its bounds; the next row
 * `stride` bytes on. `low`: the low halves, the next row's `bytes` on. `weights`: float64 of the query, each 32 bytes from the last,
 * and eight that are its `shares` (see query.ts). `out`: for each row its lowest and its highest score, float64; endless where its
 * bounds are.
 */
export function judge(
  numbers: usize,
  count: i32,
  high: usize,
  stride: usize,
  low: usize,
  bytes: usize,
  query: usize,
  weights: usize,
  shares: usize,
  out: usize,
): void {
  const along = load<f64>(weights);
  const step = load<f64>(weights, 32);
  const residual = load<f64>(weights, 64);
  const norm = load<f64>(weights, 96);
  const size = load<f64>(weights, 128);
  const least = load<f64>(weights, 192);
  const apart = load<f64>(weights, 224);
  const mask = sixteen(15, stride);
  const sign = sixteen(128, stride);
  for (let i = 0; i < count; i++) {
    const number = <usize>load<i32>(numbers + (i << 2));
    const row = high + number * stride;
    const bounds = row + bytes;
    const rowNorm = <f64>load<f32>(bounds, 28);
    const middle =
      along * <f64>load<f32>(bounds, 4) +
      rowNorm * (apart * dotShares(bounds + 32, shares)) +
      <f64>load<f32>(bounds) * (step * <f64>dotFine(row, low + number * bytes, bytes, query, mask, sign));
    const reach =
      residual * <f64>load<f32>(bounds, 8) + norm * <f64>load<f32>(bounds, 12) + size * rowNorm + least;
    const isBounded = reach < Infinity;
    store<f64>(out + (i << 4), isBounded ? middle - reach : -Infinity);
    store<f64>(out + (i << 4), isBounded ? middle + reach : Infinity, 8);
  }
}

/**
 * The highest that a row's score can be by a coarse product, float64; NaN where that is not known.
 *
 * `bounds`: the row's eight float32 (see planes.ts) and its shares. `low`: float32, a bound of the norm of what is not multiplied of
 * the codes' low halves. `weights` as in `judge`; `ofQuery`: eight 16-bit integers, zeros where rows have no shares.
 */
export function highestOf(product: i32, bounds: usize, low: usize, weights: usize, ofQuery: v128): f64 {
  const products = <f64>product - load<f64>(weights, 288);
  const norm = <f64>load<f32>(bounds, 28);
  const ofShares = <f64>sumInts(i32x4.dot_i16x8_s(v128.load(bounds, 32), ofQuery));
  const middle =
    load<f64>(weights) * <f64>load<f32>(bounds, 4) +
    norm * (load<f64>(weights, 224) * ofShares) +
    <f64>load<f32>(bounds) * (load<f64>(weights, 32) * products);
  const reach =
    load<f64>(weights, 64) * <f64>load<f32>(bounds, 8) +
    load<f64>(weights, 96) * <f64>load<f32>(bounds, 12) +
    load<f64>(weights, 256) * <f64>load<f32>(low) +
    load<f64>(weights, 160) * <f64>load<f32>(bounds, 24) +
    load<f64>(weights, 128) * norm +
    load<f64>(weights, 192);
  return middle + reach;
}

/**
 * Which of some rows may reach `threshold`, by their coarse products.
 *
 * `numbers`: int32, which rows; `products` are those of all rows, `step` bytes apart. `bounds`: the first row's, the next `stride` bytes on. `low`: as in
 * `highestOf`, of the first row. `weights` and `shares` as there. `out`: int32, the numbers of those that may; it can be `numbers`.
 * Returns how many there are. Rows whose interval is NaN are among them.
 */
export function sift(
  products: usize,
  step: usize,
  numbers: usize,
  rows: i32,
  bounds: usize,
  stride: usize,
  low: usize,
  weights: usize,
  shares: usize,
  threshold: f64,
  out: usize,
): i32 {
  const ofQuery = v128.load(shares);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const number = load<i32>(numbers + (i << 2));
    const product = load<i32>(products + <usize>number * step);
    const offset = <usize>number * stride;
    const highest = highestOf(product, bounds + offset, low + offset, weights, ofQuery);
    store<i32>(out + (count << 2), number);
    count += highest < threshold ? 0 : 1;
  }
  return count;
}

/** Four queries' weights, times one of a row's bounds. */
function weighed(weights: usize, bound: usize): v128 {
  return f32x4.mul(v128.load(weights), v128.load32_splat(bound));
}

/**
 * As `sift`, for four queries and all of some rows, in float32 with room for what that loses.
 *
 * `products`: int32, four a row. `out`: a line a query, `line` bytes apart. `weights`: of four queries side by side, float32 and one int32, number by
 * number (see query.ts), and `shares` 64 bytes apart. `thresholds`: four float32. `counts`: int32, how many rows are left of each.
 */
export function sift4(
  products: usize,
  rows: i32,
  bounds: usize,
  stride: usize,
  low: usize,
  weights: usize,
  shares: usize,
  thresholds: usize,
  out: usize,
  line: usize,
  counts: usize,
): void {
  let a = out;
  let b = out + line;
  let c = b + line;
  let d = c + line;
  for (let i = 0; i < rows; i++) {
    const products4 = f32x4.convert_i32x4_s(i32x4.sub(v128.load(products), v128.load(weights, 144)));
    const own = v128.load(bounds, 32);
    const shares4 = f32x4.convert_i32x4_s(
      sumFours(
        i32x4.dot_i16x8_s(own, v128.load(shares)),
        i32x4.dot_i16x8_s(own, v128.load(shares, 64)),
        i32x4.dot_i16x8_s(own, v128.load(shares, 128)),
        i32x4.dot_i16x8_s(own, v128.load(shares, 192)),
      ),
    );
    const middle = f32x4.add(
      f32x4.add(
        weighed(weights, bounds + 4),
        f32x4.mul(
          v128.load32_splat(bounds + 28),
          f32x4.add(f32x4.mul(v128.load(weights, 112), shares4), v128.load(weights, 64)),
        ),
      ),
      f32x4.mul(
        v128.load32_splat(bounds),
        f32x4.add(f32x4.mul(v128.load(weights, 16), products4), v128.load(weights, 160)),
      ),
    );
    const reach = f32x4.add(
      f32x4.add(weighed(weights + 32, bounds + 8), weighed(weights + 48, bounds + 12)),
      f32x4.add(
        f32x4.add(weighed(weights + 128, low), weighed(weights + 80, bounds + 24)),
        v128.load(weights, 96),
      ),
    );
    // Written so that NaN stays.
    const below = i32x4.bitmask(f32x4.lt(f32x4.add(middle, reach), v128.load(thresholds)));
    store<i32>(a, i);
    store<i32>(b, i);
    store<i32>(c, i);
    store<i32>(d, i);
    a += below & 1 ? 0 : 4;
    b += below & 2 ? 0 : 4;
    c += below & 4 ? 0 : 4;
    d += below & 8 ? 0 : 4;
    products += 16;
    bounds += stride;
    low += stride;
  }
  store<i32>(counts, <i32>(a - out) >> 2);
  store<i32>(counts, <i32>(b - out - line) >> 2, 4);
  store<i32>(counts, <i32>(c - out - 2 * line) >> 2, 8);
  store<i32>(counts, <i32>(d - out - 3 * line) >> 2, 12);
}
