/**
 * The scan's inner loops, in AssemblyScript: 128-bit SIMD over WebAssembly memory, where the rows lie.
 *
 * Addresses are bytes and multiples of 16; the number of dimensions is a multiple of 32, the number of rows one of 4.
 * The file is compiled three times, by how bytes are multiplied (`PRODUCTS`). Products of codes are integers, so all
 * give the same.
 *
 * Every float32 product of a row and a query is summed in the same order whichever function computes it, so that a
 * score never depends on how it was asked for: four lanes, each adding every fourth product from the first to the
 * last, then (0 + 1) + (2 + 3).
 */

/**
 * How products of bytes are computed; the builds set it. 0: by what every processor with SIMD has. 1: by relaxed SIMD's
 * sums of two products, one instruction on x86, of which two fit in 16 bits together. 2: by its sums of four, one
 * instruction on ARM; V8 makes five of it on an x86 without AVX-VNNI.
 */
const PRODUCTS: i32 = 0;

function sumFloats(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

function sumInts(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
  );
}

/** One row and one query of float32. */
export function dotFloat(row: usize, query: usize, bytes: usize): f32 {
  let sum = f32x4.splat(0);
  const end = row + bytes;
  while (row < end) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(row), v128.load(query)));
    sum = f32x4.add(sum, f32x4.mul(v128.load(row, 16), v128.load(query, 16)));
    row += 32;
    query += 32;
  }
  return sumFloats(sum);
}

/** Many rows and one query: four rows side by side keep four additions in flight. `out`: float32 a row. */
export function dotFloats(row: usize, rows: i32, bytes: usize, query: usize, out: usize): void {
  for (let i = 0; i < rows; i += 4) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    let at0 = row;
    let at1 = at0 + bytes;
    let at2 = at1 + bytes;
    let at3 = at2 + bytes;
    let from = query;
    const end = row + bytes;
    while (at0 < end) {
      const q = v128.load(from);
      a = f32x4.add(a, f32x4.mul(v128.load(at0), q));
      b = f32x4.add(b, f32x4.mul(v128.load(at1), q));
      c = f32x4.add(c, f32x4.mul(v128.load(at2), q));
      d = f32x4.add(d, f32x4.mul(v128.load(at3), q));
      const r = v128.load(from, 16);
      a = f32x4.add(a, f32x4.mul(v128.load(at0, 16), r));
      b = f32x4.add(b, f32x4.mul(v128.load(at1, 16), r));
      c = f32x4.add(c, f32x4.mul(v128.load(at2, 16), r));
      d = f32x4.add(d, f32x4.mul(v128.load(at3, 16), r));
      at0 += 32;
      at1 += 32;
      at2 += 32;
      at3 += 32;
      from += 32;
    }
    store<f32>(out, sumFloats(a));
    store<f32>(out, sumFloats(b), 4);
    store<f32>(out, sumFloats(c), 8);
    store<f32>(out, sumFloats(d), 12);
    row += 4 * bytes;
    out += 16;
  }
}

/** Many rows and four queries that lie one behind the other. `out`: a line of float32 a query, `line` bytes apart. */
export function dotFloats4(
  row: usize,
  rows: i32,
  bytes: usize,
  queries: usize,
  out: usize,
  line: usize,
): void {
  for (let i = 0; i < rows; i += 2) {
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let a2 = f32x4.splat(0);
    let a3 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let b2 = f32x4.splat(0);
    let b3 = f32x4.splat(0);
    let at = row;
    let from0 = queries;
    let from1 = from0 + bytes;
    let from2 = from1 + bytes;
    let from3 = from2 + bytes;
    const end = row + bytes;
    while (at < end) {
      const a = v128.load(at);
      const b = v128.load(at + bytes);
      let q = v128.load(from0);
      a0 = f32x4.add(a0, f32x4.mul(a, q));
      b0 = f32x4.add(b0, f32x4.mul(b, q));
      q = v128.load(from1);
      a1 = f32x4.add(a1, f32x4.mul(a, q));
      b1 = f32x4.add(b1, f32x4.mul(b, q));
      q = v128.load(from2);
      a2 = f32x4.add(a2, f32x4.mul(a, q));
      b2 = f32x4.add(b2, f32x4.mul(b, q));
      q = v128.load(from3);
      a3 = f32x4.add(a3, f32x4.mul(a, q));
      b3 = f32x4.add(b3, f32x4.mul(b, q));
      at += 16;
      from0 += 16;
      from1 += 16;
      from2 += 16;
      from3 += 16;
    }
    let to = out;
    store<f32>(to, sumFloats(a0));
    store<f32>(to, sumFloats(b0), 4);
    to += line;
    store<f32>(to, sumFloats(a1));
    store<f32>(to, sumFloats(b1), 4);
    to += line;
    store<f32>(to, sumFloats(a2));
    store<f32>(to, sumFloats(b2), 4);
    to += line;
    store<f32>(to, sumFloats(a3));
    store<f32>(to, sumFloats(b3), 4);
    row += 2 * bytes;
    out += 8;
  }
}

/** Adds the products of 16 codes, from -127 to 127, and 16 query integers that are bytes too. */
function addWidened(sum: v128, codes: v128, query: v128): v128 {
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(codes), i16x8.extend_low_i8x16_s(query));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(codes), i16x8.extend_high_i8x16_s(query));
  return i32x4.add(sum, i32x4.add(low, high));
}

/** Adds the products of twice 16 codes, from -127 to 127, and the 32 coarse query integers at `query`, from 0 to 63. */
function addProducts(sum: v128, codes: v128, more: v128, query: usize): v128 {
  const first = v128.load(query);
  const second = v128.load(query, 16);
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

/**
 * The first `bytes` codes of many rows, `stride` bytes apart, and one coarse query. `out`: int32 a row.
 *
 * Row after row, so that memory is read from front to back: rows side by side take twice as long on Zen 3.
 */
export function dotCoarse(
  row: usize,
  rows: i32,
  stride: usize,
  bytes: usize,
  query: usize,
  out: usize,
): void {
  for (let i = 0; i < rows; i++) {
    let sum = i32x4.splat(0);
    let from = query;
    const end = row + bytes;
    for (let at = row; at < end; at += 32) {
      sum = addProducts(sum, v128.load(at), v128.load(at, 16), from);
      from += 32;
    }
    store<i32>(out, sumInts(sum));
    row += stride;
    out += 4;
  }
}

/** As `dotCoarse`, for four queries `pitch` bytes apart. `out`: a line of int32 a query, `line` bytes apart. */
export function dotCoarse4(
  row: usize,
  rows: i32,
  stride: usize,
  bytes: usize,
  queries: usize,
  pitch: usize,
  out: usize,
  line: usize,
): void {
  for (let i = 0; i < rows; i++) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let from0 = queries;
    let from1 = from0 + pitch;
    let from2 = from1 + pitch;
    let from3 = from2 + pitch;
    const end = row + bytes;
    for (let at = row; at < end; at += 32) {
      const codes = v128.load(at);
      const more = v128.load(at, 16);
      a = addProducts(a, codes, more, from0);
      b = addProducts(b, codes, more, from1);
      c = addProducts(c, codes, more, from2);
      d = addProducts(d, codes, more, from3);
      from0 += 32;
      from1 += 32;
      from2 += 32;
      from3 += 32;
    }
    let to = out;
    store<i32>(to, sumInts(a));
    to += line;
    store<i32>(to, sumInts(b));
    to += line;
    store<i32>(to, sumInts(c));
    to += line;
    store<i32>(to, sumInts(d));
    row += stride;
    out += 4;
  }
}

/** The codes of one row and a query of 16-bit integers; exact. */
function dotFine(row: usize, bytes: usize, query: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  const end = row + bytes;
  while (row < end) {
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(row), v128.load(query)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 8), v128.load(query, 16)));
    row += 16;
    query += 32;
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
 * `numbers`: int32, which rows from `first` on, `stride` bytes apart. `weights`: eight float64 of the query, then eight
 * that are its shares (see query.ts). `out`: for each row its lowest and its highest score, float64; endless where its
 * bounds are.
 */
export function judge(
  numbers: usize,
  count: i32,
  first: usize,
  stride: usize,
  dimensions: usize,
  query: usize,
  weights: usize,
  out: usize,
): void {
  const along = load<f64>(weights);
  const step = load<f64>(weights, 8);
  const residual = load<f64>(weights, 16);
  const norm = load<f64>(weights, 24);
  const size = load<f64>(weights, 32);
  const least = load<f64>(weights, 48);
  const apart = load<f64>(weights, 56);
  for (let i = 0; i < count; i++) {
    const row = first + <usize>load<i32>(numbers + (i << 2)) * stride;
    const bounds = row + dimensions;
    const rowNorm = <f64>load<f32>(bounds, 28);
    const middle =
      along * <f64>load<f32>(bounds, 4) +
      rowNorm * (apart * dotShares(bounds + 32, weights + 64)) +
      <f64>load<f32>(bounds) * (step * <f64>dotFine(row, dimensions, query));
    const reach =
      residual * <f64>load<f32>(bounds, 8) + norm * <f64>load<f32>(bounds, 12) + size * rowNorm + least;
    const isBounded = reach < Infinity;
    store<f64>(out + (i << 4), isBounded ? middle - reach : -Infinity);
    store<f64>(out + (i << 4), isBounded ? middle + reach : Infinity, 8);
  }
}

/**
 * Which rows may reach `threshold`, by their coarse products.
 *
 * `bounds`: the first row's eight float32 and its shares (see codes.ts), the next `stride` bytes on; `sumAt`: which of
 * them is the sum of the codes that the products are of. `weights`: eight float64 of the query and its shares (see
 * query.ts), which are zeros where rows have none. `out`: int32, the numbers of the rows within these. Returns how many
 * there are. Rows whose interval is NaN are among them.
 */
export function sift(
  products: usize,
  rows: i32,
  bounds: usize,
  stride: usize,
  sumAt: usize,
  weights: usize,
  threshold: f64,
  out: usize,
): i32 {
  const along = load<f64>(weights);
  const step = load<f64>(weights, 8);
  const residual = load<f64>(weights, 16);
  const norm = load<f64>(weights, 24);
  const size = load<f64>(weights, 32);
  const rest = load<f64>(weights, 40);
  const least = load<f64>(weights, 48);
  const apart = load<f64>(weights, 56);
  const shares = v128.load(weights, 64);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const product = <f64>load<i32>(products) - 32 * <f64>load<f32>(bounds + sumAt);
    const rowNorm = <f64>load<f32>(bounds, 28);
    const ofShares = <f64>sumInts(i32x4.dot_i16x8_s(v128.load(bounds, 32), shares));
    const middle =
      along * <f64>load<f32>(bounds, 4) +
      rowNorm * (apart * ofShares) +
      <f64>load<f32>(bounds) * (step * product);
    const reach =
      residual * <f64>load<f32>(bounds, 8) +
      norm * <f64>load<f32>(bounds, 12) +
      rest * <f64>load<f32>(bounds, 24) +
      size * rowNorm +
      least;
    store<i32>(out + (count << 2), i);
    count += middle + reach < threshold ? 0 : 1;
    products += 4;
    bounds += stride;
  }
  return count;
}
