/**
 * Rounds rows of float32 to 8-bit codes with their bounds, and queries to integers, in AssemblyScript: docs/scan.md has the
 * derivation.
 *
 * Only operations that every processor rounds alike, in one order, so that the codes of a row are the same bytes
 * wherever they are made. Addresses are multiples of 16.
 */

/** Above this norm float32 products may overflow, and the row is always scored in float32. */
const LARGEST_NORM: f64 = 1e18;
/** Half a unit in the last place of float32, relative. */
const ROUNDING: f64 = 5.9604644775390625e-8;
/** See layout.ts. */
const SHARE_STEPS: f64 = 32766;

function sum2(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** The inner product of two vectors in double precision. */
export function dotWide(a: usize, b: usize, dimensions: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i = 0; i < dimensions; i += 4) {
    const x = v128.load(a);
    const y = v128.load(b);
    low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)));
    high = f64x2.add(high, f64x2.mul(f64x2.promote_low_f32x4(upper(x)), f64x2.promote_low_f32x4(upper(y))));
    a += 16;
    b += 16;
  }
  return sum2(f64x2.add(low, high));
}

/** The Hadamard transform of each `block` numbers, in place and without a factor. */
function hadamard(at: usize, dimensions: i32, block: i32): void {
  const end = at + ((<usize>dimensions) << 2);
  const signs1 = f32x4(1, -1, 1, -1);
  const signs2 = f32x4(1, 1, -1, -1);
  for (let p = at; p < end; p += 16) {
    let v = v128.load(p);
    v = f32x4.add(
      f32x4.mul(v, signs1),
      i8x16.shuffle(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11),
    );
    v = f32x4.add(
      f32x4.mul(v, signs2),
      i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7),
    );
    v128.store(p, v);
  }
  for (let half: usize = 16; half < (<usize>block) << 2; half <<= 1) {
    for (let start = at; start < end; start += half << 1) {
      for (let p = start; p < start + half; p += 16) {
        const a = v128.load(p);
        const b = v128.load(p + half);
        v128.store(p, f32x4.add(a, b));
        v128.store(p + half, f32x4.sub(a, b));
      }
    }
  }
}

/** `x - factor * y`, two numbers in double precision. */
function less(x: v128, factor: v128, y: v128): v128 {
  return f64x2.sub(x, f64x2.mul(factor, y));
}

/**
 * Writes the codes of one row, its eight bounds, and its shares of the directions. The bounds: scale, share of the
 * centre, residual, norm of the codes, their sum, the sum of the first `head`, the norm of the others, and the norm of
 * the row. The shares: 16-bit integers, of which SHARE_STEPS are the norm.
 *
 * `centre` has `dimensions` float32, and `centreSquares` is its square norm by `dotWide`, or 0 when it is all zeros.
 * `directions` are one behind the other. `scratch` has room for a row of float32, and then a float64 a direction.
 */
export function encodeRow(
  row: usize,
  centre: usize,
  centreSquares: f64,
  dimensions: i32,
  block: i32,
  head: i32,
  directions: usize,
  count: i32,
  scratch: usize,
  record: usize,
): void {
  const bounds = record + dimensions;
  const shares = bounds + 32;
  const squares = dotWide(row, row, dimensions);
  const size = sqrt(squares);
  // False for NaN as well.
  if (!(size < LARGEST_NORM)) {
    memory.fill(record, 0, dimensions + 32 + (count << 1));
    store<f32>(bounds, <f32>Infinity, 8);
    return;
  }

  const share: f32 = centreSquares > 0 ? <f32>(dotWide(row, centre, dimensions) / centreSquares) : 0;
  const rowBytes = dimensions << 2;
  const factors = scratch + rowBytes;
  // 1e-6 is far above what storing in float32 loses, 1e-37 above what it cannot hold.
  const norm: f32 = <f32>(size * (1 + 1e-6) + 1e-37);
  for (let j = 0; j < count; j++) {
    const product = dotWide(row, directions + j * rowBytes, dimensions);
    const steps = min(max(nearest((product / <f64>norm) * SHARE_STEPS), -32767), 32767);
    store<i16>(shares + (j << 1), <i16>(<i32>steps));
    store<f64>(factors + (j << 3), (steps * <f64>norm) / SHARE_STEPS);
  }
  const ofCentre = f64x2.splat(<f64>share);
  for (let i = 0; i < rowBytes; i += 16) {
    const x = v128.load(row + i);
    const m = v128.load(centre + i);
    let low = less(f64x2.promote_low_f32x4(x), ofCentre, f64x2.promote_low_f32x4(m));
    let high = less(f64x2.promote_low_f32x4(upper(x)), ofCentre, f64x2.promote_low_f32x4(upper(m)));
    let at = directions + i;
    for (let j = 0; j < count; j++) {
      const u = v128.load(at);
      const factor = v128.load64_splat(factors + (j << 3));
      low = less(low, factor, f64x2.promote_low_f32x4(u));
      high = less(high, factor, f64x2.promote_low_f32x4(upper(u)));
      at += rowBytes;
    }
    const a = f32x4.demote_f64x2_zero(low);
    const b = f32x4.demote_f64x2_zero(high);
    v128.store(scratch + i, i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  }
  hadamard(scratch, dimensions, block);

  let most = f32x4.splat(0);
  for (let i = 0; i < dimensions << 2; i += 16) most = f32x4.max(most, f32x4.abs(v128.load(scratch + i)));
  const largest = max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
  // Without spread there is nothing to say, and dividing by it would give NaN.
  const scale: f32 = largest > <f32>1e-25 ? largest / 127 : 0;
  const perScale = f32x4.splat(scale > 0 ? 1 / scale : 0);

  const wideScale = f64x2.splat(<f64>scale);
  let residual = f64x2.splat(0);
  let rotated = f64x2.splat(0);
  let sum: i32 = 0;
  let codeSquares: i32 = 0;
  let headSum: i32 = 0;
  let headSquares: i32 = 0;
  for (let i = 0; i < dimensions; i += 4) {
    if (i === head) {
      headSum = sum;
      headSquares = codeSquares;
    }
    const h = v128.load(scratch + (i << 2));
    const c = i32x4.min_s(
      i32x4.max_s(i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(h, perScale))), i32x4.splat(-127)),
      i32x4.splat(127),
    );
    const halves = i16x8.narrow_i32x4_s(c, c);
    v128.store_lane<i32>(record + i, i8x16.narrow_i16x8_s(halves, halves), 0);
    const c2 = i32x4.mul(c, c);
    sum +=
      i32x4.extract_lane(c, 0) +
      i32x4.extract_lane(c, 1) +
      i32x4.extract_lane(c, 2) +
      i32x4.extract_lane(c, 3);
    codeSquares +=
      i32x4.extract_lane(c2, 0) +
      i32x4.extract_lane(c2, 1) +
      i32x4.extract_lane(c2, 2) +
      i32x4.extract_lane(c2, 3);
    // What the codes do not say, from the codes as they are: rounding above costs tightness, never truth.
    const low = f64x2.promote_low_f32x4(h);
    const high = f64x2.promote_low_f32x4(upper(h));
    const lowRest = f64x2.sub(low, f64x2.mul(f64x2.convert_low_i32x4_s(c), wideScale));
    const highRest = f64x2.sub(high, f64x2.mul(f64x2.convert_low_i32x4_s(upper(c)), wideScale));
    residual = f64x2.add(residual, f64x2.add(f64x2.mul(lowRest, lowRest), f64x2.mul(highRest, highRest)));
    rotated = f64x2.add(rotated, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
  }
  // The transform is `block` times too large for an inner product; dividing by a power of two is exact.
  const perBlock = 1 / <f64>block;
  const wide = <f64>scale * perBlock;
  // Rounding to float32 before and in each step of the transform: at most 14 of them up to 8,192 numbers.
  const error = (sqrt(sum2(residual)) + 16 * ROUNDING * sqrt(sum2(rotated))) * perBlock;
  store<f32>(bounds, <f32>wide);
  store<f32>(bounds, share, 4);
  store<f32>(bounds, <f32>(error * (1 + 1e-6) + 1e-37), 8);
  store<f32>(bounds, <f32>(wide * sqrt(<f64>codeSquares) * (1 + 1e-6) + 1e-37), 12);
  store<f32>(bounds, <f32>sum, 16);
  store<f32>(bounds, <f32>headSum, 20);
  store<f32>(bounds, <f32>(wide * sqrt(<f64>(codeSquares - headSquares)) * (1 + 1e-6) + 1e-37), 24);
  store<f32>(bounds, norm, 28);
}

/** The Hadamard transform of each `block` float64, in place and without a factor. */
function hadamardWide(at: usize, dimensions: i32, block: i32): void {
  const end = at + ((<usize>dimensions) << 3);
  const signs = f64x2(1, -1);
  for (let p = at; p < end; p += 16) {
    const v = v128.load(p);
    v128.store(p, f64x2.add(f64x2.mul(v, signs), v128.shuffle<f64>(v, v, 1, 0)));
  }
  for (let half: usize = 16; half < (<usize>block) << 3; half <<= 1) {
    for (let start = at; start < end; start += half << 1) {
      for (let p = start; p < start + half; p += 16) {
        const a = v128.load(p);
        const b = v128.load(p + half);
        v128.store(p, f64x2.add(a, b));
        v128.store(p + half, f64x2.sub(a, b));
      }
    }
  }
}

/**
 * What is left of a query without its shares of the centre and of the directions, rotated: float64 at `rotated`.
 *
 * `share` is that of the centre. `sums`: float64, the largest absolute number that is left, the sum of the absolute
 * numbers, and then the query's product with each direction.
 */
export function rotateQuery(
  query: usize,
  centre: usize,
  share: f64,
  dimensions: i32,
  block: i32,
  directions: usize,
  count: i32,
  rotated: usize,
  sums: usize,
): void {
  const rowBytes = dimensions << 2;
  const products = sums + 16;
  for (let j = 0; j < count; j++)
    store<f64>(products + (j << 3), dotWide(query, directions + j * rowBytes, dimensions));
  const ofCentre = f64x2.splat(share);
  for (let i = 0; i < rowBytes; i += 16) {
    const x = v128.load(query + i);
    const m = v128.load(centre + i);
    let low = less(f64x2.promote_low_f32x4(x), ofCentre, f64x2.promote_low_f32x4(m));
    let high = less(f64x2.promote_low_f32x4(upper(x)), ofCentre, f64x2.promote_low_f32x4(upper(m)));
    let at = directions + i;
    for (let j = 0; j < count; j++) {
      const u = v128.load(at);
      const factor = v128.load64_splat(products + (j << 3));
      low = less(low, factor, f64x2.promote_low_f32x4(u));
      high = less(high, factor, f64x2.promote_low_f32x4(upper(u)));
      at += rowBytes;
    }
    v128.store(rotated + (i << 1), low);
    v128.store(rotated + (i << 1) + 16, high);
  }
  hadamardWide(rotated, dimensions, block);

  let most = f64x2.splat(0);
  let all = f64x2.splat(0);
  for (let i = 0; i < dimensions << 3; i += 16) {
    const size = f64x2.abs(v128.load(rotated + i));
    most = f64x2.max(most, size);
    all = f64x2.add(all, size);
  }
  store<f64>(sums, max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1)));
  store<f64>(sums, sum2(all), 8);
}

/** The square of what rounding left out. */
function squaredError(numbers: v128, integers: v128, step: v128): v128 {
  const error = f64x2.sub(numbers, f64x2.mul(step, integers));
  return f64x2.mul(error, error);
}

/** Four numbers in two vectors of float64, which are integers, as int32. */
function fourInts(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(i32x4.trunc_sat_f64x2_s_zero(low), i32x4.trunc_sat_f64x2_s_zero(high), 0, 1, 4, 5);
}

/**
 * Rounds a rotated query to whole multiples of both steps: `fine`, 16-bit integers, and `coarse`, signed bytes. A step of 0
 * makes zeros.
 *
 * `sums`: float64, of the numbers from `start` to `end` the squares, the squares of what `fine` and `coarse` leave out, and the
 * sum of `coarse`.
 */
export function roundQuery(
  rotated: usize,
  start: i32,
  end: i32,
  fineStep: f64,
  coarseStep: f64,
  fine: usize,
  coarse: usize,
  sums: usize,
): void {
  const fineSteps = f64x2.splat(fineStep);
  const coarseSteps = f64x2.splat(coarseStep);
  const perFine = f64x2.splat(fineStep > 0 ? 1 / fineStep : 0);
  const perCoarse = f64x2.splat(coarseStep > 0 ? 1 / coarseStep : 0);
  let squares = f64x2.splat(0);
  let fineErrors = f64x2.splat(0);
  let coarseErrors = f64x2.splat(0);
  let coarseSum = f64x2.splat(0);
  for (let i = start; i < end; i += 4) {
    const low = v128.load(rotated + (i << 3));
    const high = v128.load(rotated + (i << 3), 16);
    const fineLow = f64x2.nearest(f64x2.mul(low, perFine));
    const fineHigh = f64x2.nearest(f64x2.mul(high, perFine));
    const coarseLow = f64x2.nearest(f64x2.mul(low, perCoarse));
    const coarseHigh = f64x2.nearest(f64x2.mul(high, perCoarse));
    const fines = fourInts(fineLow, fineHigh);
    v128.store_lane<i64>(fine + (i << 1), i16x8.narrow_i32x4_s(fines, fines), 0);
    const coarses = fourInts(coarseLow, coarseHigh);
    const halves = i16x8.narrow_i32x4_s(coarses, coarses);
    v128.store_lane<i32>(coarse + i, i8x16.narrow_i16x8_s(halves, halves), 0);
    coarseSum = f64x2.add(coarseSum, f64x2.add(coarseLow, coarseHigh));
    squares = f64x2.add(squares, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
    fineErrors = f64x2.add(
      fineErrors,
      f64x2.add(squaredError(low, fineLow, fineSteps), squaredError(high, fineHigh, fineSteps)),
    );
    coarseErrors = f64x2.add(
      coarseErrors,
      f64x2.add(squaredError(low, coarseLow, coarseSteps), squaredError(high, coarseHigh, coarseSteps)),
    );
  }
  store<f64>(sums, sum2(squares));
  store<f64>(sums, sum2(fineErrors), 8);
  store<f64>(sums, sum2(coarseErrors), 16);
  store<f64>(sums, sum2(coarseSum), 24);
}
