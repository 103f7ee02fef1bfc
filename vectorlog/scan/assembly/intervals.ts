/** Between what rows' scores are, by products of their codes, in AssemblyScript; docs/scan.md has the derivation, addresses as in kernel.ts. */

/** The sum of four int32. */
export function sumInts(v: v128): i32 {
  const halves = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
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
 * `numbers`: int32, which rows from `first` on, `stride` bytes apart. `weights`: eight float64 of the query, each 32 bytes
 * from the last, and eight that are its `shares` (see query.ts). `out`: for each row its lowest and its highest score,
 * float64; endless where its bounds are.
 */
export function judge(
  numbers: usize,
  count: i32,
  first: usize,
  stride: usize,
  dimensions: usize,
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
  for (let i = 0; i < count; i++) {
    const row = first + <usize>load<i32>(numbers + (i << 2)) * stride;
    const bounds = row + dimensions;
    const rowNorm = <f64>load<f32>(bounds, 28);
    const middle =
      along * <f64>load<f32>(bounds, 4) +
      rowNorm * (apart * dotShares(bounds + 32, shares)) +
      <f64>load<f32>(bounds) * (step * <f64>dotFine(row, dimensions, query));
    const reach =
      residual * <f64>load<f32>(bounds, 8) + norm * <f64>load<f32>(bounds, 12) + size * rowNorm + least;
    const isBounded = reach < Infinity;
    store<f64>(out + (i << 4), isBounded ? middle - reach : -Infinity);
    store<f64>(out + (i << 4), isBounded ? middle + reach : Infinity, 8);
  }
}

/**
 * What `sift` must know of rows of which only the codes before `start` are multiplied: their sum, and a bound of the norm of the
 * others, whose squares are what the first codes' leave of all. `sums` and `rests`: float32 a row.
 *
 * The others are loaded all the same: memory comes twice as fast without gaps, and of some rows they are wanted soon. What is
 * returned means nothing but that they were.
 */
export function measureParts(
  row: usize,
  rows: i32,
  stride: usize,
  start: usize,
  dimensions: usize,
  sums: usize,
  rests: usize,
): i32 {
  let touched = i32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    const middle = row + start;
    const bounds = row + dimensions;
    let sum = i32x4.splat(0);
    let squares = i32x4.splat(0);
    for (let at = row; at < middle; at += 16) {
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v128.load(at))));
      const low = v128.load_ext<i8>(at);
      const high = v128.load_ext<i8>(at, 8);
      squares = i32x4.add(squares, i32x4.add(i32x4.dot_i16x8_s(low, low), i32x4.dot_i16x8_s(high, high)));
    }
    for (let at = middle; at < bounds; at += 64) touched = v128.or(touched, v128.load(at));
    const scale = <f64>load<f32>(bounds);
    const norm = <f64>load<f32>(bounds, 12);
    // The norm of all was rounded up by more than the scale can have been.
    const left = max<f64>(norm * norm - scale * scale * <f64>sumInts(squares), 0);
    // As the encoder rounds up, too.
    store<f32>(sums, <f32>sumInts(sum));
    store<f32>(rests, <f32>(sqrt<f64>(left) * (1 + 1e-6) + 1e-37));
    row += stride;
    sums += 4;
    rests += 4;
  }
  return i32x4.extract_lane(touched, 0);
}

/**
 * The highest that a row's score can be by a coarse product, float64; NaN where that is not known.
 *
 * `bounds`: the row's eight float32 and its shares (see codes.ts). `sum` and `rest`: float32, the sum of the codes that the
 * product is of, and a bound of the norm of the others. `weights` as in `judge`; `ofQuery`: eight 16-bit integers, zeros where
 * rows have no shares.
 */
export function highestOf(
  product: i32,
  bounds: usize,
  sum: usize,
  rest: usize,
  weights: usize,
  ofQuery: v128,
): f64 {
  const products = <f64>product - 32 * <f64>load<f32>(sum);
  const norm = <f64>load<f32>(bounds, 28);
  const ofShares = <f64>sumInts(i32x4.dot_i16x8_s(v128.load(bounds, 32), ofQuery));
  const middle =
    load<f64>(weights) * <f64>load<f32>(bounds, 4) +
    norm * (load<f64>(weights, 224) * ofShares) +
    <f64>load<f32>(bounds) * (load<f64>(weights, 32) * products);
  const reach =
    load<f64>(weights, 64) * <f64>load<f32>(bounds, 8) +
    load<f64>(weights, 96) * <f64>load<f32>(bounds, 12) +
    load<f64>(weights, 160) * <f64>load<f32>(rest) +
    load<f64>(weights, 128) * norm +
    load<f64>(weights, 192);
  return middle + reach;
}

/**
 * Which of some rows may reach `threshold`, by their coarse products.
 *
 * `numbers`: int32, which rows; `products` are those of all rows. `bounds`: the first row's, the next `stride` bytes on. `sums` and
 * `rests`: the next `step` bytes on. `weights` and `shares` as in `highestOf`. `out`: int32, the numbers of those that may; it can
 * be `numbers`. Returns how many there are. Rows whose interval is NaN are among them.
 */
export function sift(
  products: usize,
  numbers: usize,
  rows: i32,
  bounds: usize,
  stride: usize,
  sums: usize,
  rests: usize,
  step: usize,
  weights: usize,
  shares: usize,
  threshold: f64,
  out: usize,
): i32 {
  const ofQuery = v128.load(shares);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const number = load<i32>(numbers + (i << 2));
    const at = <usize>number * step;
    const product = load<i32>(products + (number << 2));
    const row = bounds + <usize>number * stride;
    const highest = highestOf(product, row, sums + at, rests + at, weights, ofQuery);
    store<i32>(out + (count << 2), number);
    count += highest < threshold ? 0 : 1;
  }
  return count;
}

/** The sums of four vectors' numbers. */
function sumFours(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 1, 4, 5), v128.shuffle<i32>(a, b, 2, 3, 6, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 1, 4, 5), v128.shuffle<i32>(c, d, 2, 3, 6, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 2, 4, 6), v128.shuffle<i32>(ab, cd, 1, 3, 5, 7));
}

/** One of a row's bounds, twice. */
function bound(at: usize): v128 {
  return f64x2.splat(<f64>load<f32>(at));
}

/** The highest that the scores of two queries can be, by their products with a row's codes and its shares. */
function highest(bounds: usize, rest: usize, weights: usize, products: v128, shares: v128): v128 {
  const norm = bound(bounds + 28);
  const middle = f64x2.add(
    f64x2.add(
      f64x2.mul(v128.load(weights), bound(bounds + 4)),
      f64x2.mul(norm, f64x2.mul(v128.load(weights, 224), shares)),
    ),
    f64x2.mul(bound(bounds), f64x2.mul(v128.load(weights, 32), products)),
  );
  const reach = f64x2.add(
    f64x2.add(
      f64x2.mul(v128.load(weights, 64), bound(bounds + 8)),
      f64x2.mul(v128.load(weights, 96), bound(bounds + 12)),
    ),
    f64x2.add(
      f64x2.mul(v128.load(weights, 160), bound(rest)),
      f64x2.add(f64x2.mul(v128.load(weights, 128), norm), v128.load(weights, 192)),
    ),
  );
  return f64x2.add(middle, reach);
}

/**
 * As `sift`, for four queries and all of some rows.
 *
 * `products` and `out`: a line a query, `line` bytes apart. `weights` of four queries lie one beside the other, number by number,
 * and `shares` 64 bytes apart. `thresholds`: four float64. `counts`: int32, how many rows are left of each.
 */
export function sift4(
  products: usize,
  line: usize,
  rows: i32,
  bounds: usize,
  stride: usize,
  sums: usize,
  rests: usize,
  step: usize,
  weights: usize,
  shares: usize,
  thresholds: usize,
  out: usize,
  counts: usize,
): void {
  let a = out;
  let b = out + line;
  let c = b + line;
  let d = c + line;
  for (let i = 0; i < rows; i++) {
    const offset = f64x2.splat(32 * <f64>load<f32>(sums));
    const all = i32x4(
      load<i32>(products),
      load<i32>(products + line),
      load<i32>(products + 2 * line),
      load<i32>(products + 3 * line),
    );
    const own = v128.load(bounds, 32);
    const ofShares = sumFours(
      i32x4.dot_i16x8_s(own, v128.load(shares)),
      i32x4.dot_i16x8_s(own, v128.load(shares, 64)),
      i32x4.dot_i16x8_s(own, v128.load(shares, 128)),
      i32x4.dot_i16x8_s(own, v128.load(shares, 192)),
    );
    const low = highest(
      bounds,
      rests,
      weights,
      f64x2.sub(f64x2.convert_low_i32x4_s(all), offset),
      f64x2.convert_low_i32x4_s(ofShares),
    );
    const high = highest(
      bounds,
      rests,
      weights + 16,
      f64x2.sub(f64x2.convert_low_i32x4_s(v128.shuffle<i32>(all, all, 2, 3, 0, 1)), offset),
      f64x2.convert_low_i32x4_s(v128.shuffle<i32>(ofShares, ofShares, 2, 3, 0, 1)),
    );
    // Written so that NaN stays.
    const belowLow = i64x2.bitmask(f64x2.lt(low, v128.load(thresholds)));
    const belowHigh = i64x2.bitmask(f64x2.lt(high, v128.load(thresholds, 16)));
    store<i32>(a, i);
    store<i32>(b, i);
    store<i32>(c, i);
    store<i32>(d, i);
    a += belowLow & 1 ? 0 : 4;
    b += belowLow & 2 ? 0 : 4;
    c += belowHigh & 1 ? 0 : 4;
    d += belowHigh & 2 ? 0 : 4;
    products += 4;
    bounds += stride;
    sums += step;
    rests += step;
  }
  store<i32>(counts, <i32>(a - out) >> 2);
  store<i32>(counts, <i32>(b - out - line) >> 2, 4);
  store<i32>(counts, <i32>(c - out - 2 * line) >> 2, 8);
  store<i32>(counts, <i32>(d - out - 3 * line) >> 2, 12);
}
