/**
 * The scan's inner loops, in AssemblyScript: 128-bit SIMD over WebAssembly memory, where the rows lie.
 *
 * Rows and queries have 2,048 numbers; addresses are bytes and must be multiples of 16; row counts multiples of 4.
 * Every float32 product of a row and a query is summed in the same order whichever function computes it, so that a
 * score never depends on how it was asked for: four lanes, each adding every fourth product from the first to the
 * last, then (0 + 1) + (2 + 3).
 */

const FLOATS: usize = 8192;
const CODES: usize = 2048;

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

/** One row and one query. */
export function dotFloat(row: usize, query: usize): f32 {
  let sum = f32x4.splat(0);
  const end = row + FLOATS;
  while (row < end) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(row), v128.load(query)));
    sum = f32x4.add(sum, f32x4.mul(v128.load(row, 16), v128.load(query, 16)));
    row += 32;
    query += 32;
  }
  return sumFloats(sum);
}

/** Many rows and one query: four rows side by side keep four additions in flight. `out`: float32 a row. */
export function dotFloats(row: usize, rows: i32, query: usize, out: usize): void {
  for (let i = 0; i < rows; i += 4) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    let at = row;
    let from = query;
    const end = row + FLOATS;
    while (at < end) {
      const q = v128.load(from);
      a = f32x4.add(a, f32x4.mul(v128.load(at), q));
      b = f32x4.add(b, f32x4.mul(v128.load(at, 8192), q));
      c = f32x4.add(c, f32x4.mul(v128.load(at, 16384), q));
      d = f32x4.add(d, f32x4.mul(v128.load(at, 24576), q));
      const r = v128.load(from, 16);
      a = f32x4.add(a, f32x4.mul(v128.load(at, 16), r));
      b = f32x4.add(b, f32x4.mul(v128.load(at, 8208), r));
      c = f32x4.add(c, f32x4.mul(v128.load(at, 16400), r));
      d = f32x4.add(d, f32x4.mul(v128.load(at, 24592), r));
      at += 32;
      from += 32;
    }
    store<f32>(out, sumFloats(a));
    store<f32>(out, sumFloats(b), 4);
    store<f32>(out, sumFloats(c), 8);
    store<f32>(out, sumFloats(d), 12);
    row += 4 * FLOATS;
    out += 16;
  }
}

/** Many rows and four queries that lie one behind the other. `out`: a line of float32 for each query, `stride` bytes apart. */
export function dotFloats4(row: usize, rows: i32, queries: usize, out: usize, stride: usize): void {
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
    let from = queries;
    const end = row + FLOATS;
    while (at < end) {
      const a = v128.load(at);
      const b = v128.load(at, 8192);
      let q = v128.load(from);
      a0 = f32x4.add(a0, f32x4.mul(a, q));
      b0 = f32x4.add(b0, f32x4.mul(b, q));
      q = v128.load(from, 8192);
      a1 = f32x4.add(a1, f32x4.mul(a, q));
      b1 = f32x4.add(b1, f32x4.mul(b, q));
      q = v128.load(from, 16384);
      a2 = f32x4.add(a2, f32x4.mul(a, q));
      b2 = f32x4.add(b2, f32x4.mul(b, q));
      q = v128.load(from, 24576);
      a3 = f32x4.add(a3, f32x4.mul(a, q));
      b3 = f32x4.add(b3, f32x4.mul(b, q));
      at += 16;
      from += 16;
    }
    let line = out;
    store<f32>(line, sumFloats(a0));
    store<f32>(line, sumFloats(b0), 4);
    line += stride;
    store<f32>(line, sumFloats(a1));
    store<f32>(line, sumFloats(b1), 4);
    line += stride;
    store<f32>(line, sumFloats(a2));
    store<f32>(line, sumFloats(b2), 4);
    line += stride;
    store<f32>(line, sumFloats(a3));
    store<f32>(line, sumFloats(b3), 4);
    row += 2 * FLOATS;
    out += 8;
  }
}

/** Many rows of 8-bit codes and one query of 16-bit integers; exact. `out`: int32 a row. */
export function dotCodes(row: usize, rows: i32, query: usize, out: usize): void {
  for (let i = 0; i < rows; i++) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let from = query;
    const end = row + CODES;
    while (row < end) {
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<u8>(row), v128.load(from)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<u8>(row, 8), v128.load(from, 16)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<u8>(row, 16), v128.load(from, 32)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<u8>(row, 24), v128.load(from, 48)));
      row += 32;
      from += 64;
    }
    store<i32>(out, sumInts(i32x4.add(i32x4.add(a, b), i32x4.add(c, d))));
    out += 4;
  }
}

/** Many rows of codes and four queries that lie one behind the other. `out`: a line of int32 for each query. */
export function dotCodes4(row: usize, rows: i32, queries: usize, out: usize, stride: usize): void {
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
    let from = queries;
    const end = row + CODES;
    while (at < end) {
      const a = v128.load_ext<u8>(at);
      const b = v128.load_ext<u8>(at, 2048);
      let q = v128.load(from);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, q));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, q));
      q = v128.load(from, 4096);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, q));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, q));
      q = v128.load(from, 8192);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a, q));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(b, q));
      q = v128.load(from, 12288);
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a, q));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(b, q));
      at += 8;
      from += 16;
    }
    let line = out;
    store<i32>(line, sumInts(a0));
    store<i32>(line, sumInts(b0), 4);
    line += stride;
    store<i32>(line, sumInts(a1));
    store<i32>(line, sumInts(b1), 4);
    line += stride;
    store<i32>(line, sumInts(a2));
    store<i32>(line, sumInts(b2), 4);
    line += stride;
    store<i32>(line, sumInts(a3));
    store<i32>(line, sumInts(b3), 4);
    row += 2 * CODES;
    out += 8;
  }
}

/** Above this norm float32 products may overflow, and the row is always scored in float32. */
const LARGEST_NORM: f64 = 1e18;
/** An upper bound of the square root of 2,048. */
const ROOT_OF_DIMENSIONS: f64 = 45.3;

/**
 * Rounds rows to 8-bit codes: x = offset + scale * code + residual.
 *
 * `codes`: 2,048 bytes a row. `bounds`: four float32 a row: scale, offset, a bound of the residual's norm, and a
 * bound of the norm of what the codes stand for. Both bounds are rounded up. A row that is not finite, or too large
 * for float32 products, has an infinite residual.
 */
export function quantize(row: usize, rows: i32, codes: usize, bounds: usize): void {
  for (let i = 0; i < rows; i++) {
    quantizeRow(row, codes, bounds);
    row += FLOATS;
    codes += CODES;
    bounds += 16;
  }
}

function quantizeRow(row: usize, codes: usize, bounds: usize): void {
  const end = row + FLOATS;
  let low = v128.load(row);
  let high = low;
  // min and max pass a NaN on, so it shows in the end.
  for (let at = row; at < end; at += 16) {
    const x = v128.load(at);
    low = f32x4.min(low, x);
    high = f32x4.max(high, x);
  }
  const offset = min(
    min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1)),
    min(f32x4.extract_lane(low, 2), f32x4.extract_lane(low, 3)),
  );
  const top = max(
    max(f32x4.extract_lane(high, 0), f32x4.extract_lane(high, 1)),
    max(f32x4.extract_lane(high, 2), f32x4.extract_lane(high, 3)),
  );
  const scale = (top - offset) / 255;
  // A row without spread has codes 0; dividing by it would give NaN.
  const factor: f32 = scale > f32.MIN_NORMAL_VALUE ? 1 / scale : 0;

  const offsets = f32x4.splat(offset);
  const factors = f32x4.splat(factor);
  const wideScale = f64x2.splat(<f64>scale);
  const wideOffset = f64x2.splat(<f64>offset);
  let residual0 = f64x2.splat(0);
  let residual1 = f64x2.splat(0);
  let squares = i32x4.splat(0);
  let to = codes;
  for (let at = row; at < end; at += 16) {
    const x = v128.load(at);
    const c = i32x4.min_s(
      i32x4.max_s(
        i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(f32x4.sub(x, offsets), factors))),
        i32x4.splat(0),
      ),
      i32x4.splat(255),
    );
    const halves = i16x8.narrow_i32x4_s(c, c);
    v128.store_lane<i32>(to, i8x16.narrow_i16x8_u(halves, halves), 0);
    squares = i32x4.add(squares, i32x4.mul(c, c));
    // What the codes do not say, from the codes as they are: rounding above costs tightness, never truth.
    const upper = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    const upperCodes = i8x16.shuffle(c, c, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    const r0 = f64x2.sub(
      f64x2.promote_low_f32x4(x),
      f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(c), wideScale), wideOffset),
    );
    const r1 = f64x2.sub(
      f64x2.promote_low_f32x4(upper),
      f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(upperCodes), wideScale), wideOffset),
    );
    residual0 = f64x2.add(residual0, f64x2.mul(r0, r0));
    residual1 = f64x2.add(residual1, f64x2.mul(r1, r1));
    to += 4;
  }
  const sum = f64x2.add(residual0, residual1);
  const residual = sqrt(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  const norm = <f64>scale * sqrt(<f64>sumInts(squares)) + ROOT_OF_DIMENSIONS * abs(<f64>offset);

  // 1e-12 of the norm is far above what double precision lost, 1e-6 above what storing in float32 loses.
  const residualBound = <f32>((residual + norm * 1e-12) * (1 + 1e-6) + 1e-37);
  const normBound = <f32>(norm * (1 + 1e-6) + 1e-37);
  // False for NaN as well.
  const usable = norm + residual < LARGEST_NORM;
  store<f32>(bounds, usable ? scale : 0);
  store<f32>(bounds, usable ? offset : 0, 4);
  store<f32>(bounds, usable ? residualBound : <f32>Infinity, 8);
  store<f32>(bounds, usable ? normBound : 0, 12);
}
