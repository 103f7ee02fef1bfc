/**
 * The resampling's inner loops, in AssemblyScript: 128-bit SIMD over WebAssembly memory.
 *
 * Weights have 22 bits after the point. Products of 16-bit numbers are summed in pairs by one instruction, so a weight
 * is split in two: `weight = (high << 11) + low`. The sums are integers, so nothing depends on their order.
 *
 * Pixels are three bytes. Addresses are bytes; what is read as sixteen may be less, so there must be room behind.
 */

const PRECISION_BITS: i32 = 22;
const LOW_BITS: i32 = 11;

/** Sums to bytes, rounded; they are within 0 to 255. */
function level(high: v128, low: v128): v128 {
  const sum = i32x4.add(i32x4.add(i32x4.shl(high, LOW_BITS), low), i32x4.splat(1 << (PRECISION_BITS - 1)));
  return i32x4.shr_u(sum, PRECISION_BITS);
}

/**
 * Scales rows to another width.
 *
 * @param filter A record for each pixel of the result: where its first source pixel is in the row, in bytes; how many
 *   fours of source pixels there are; eight bytes unused; then for each four the high halves of the weights, and the low
 *   ones, as int16. Every record takes `recordBytes`.
 * @param out `columns * 3` bytes a row and one more, a row every `outBytes`.
 */
export function resampleRows(
  source: usize,
  rows: i32,
  rowBytes: usize,
  filter: usize,
  columns: i32,
  recordBytes: usize,
  out: usize,
  outBytes: usize,
): void {
  // Reds, greens and blues of two pixels side by side, as int16; -1 is out of range, which gives 0.
  const firstTwo = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const lastTwo = i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  for (let row = 0; row < rows; row++) {
    let record = filter;
    let to = out;
    for (let column = 0; column < columns; column++) {
      let from = source + load<u32>(record);
      let weights = record + 16;
      const end = weights + ((<usize>load<u32>(record, 4)) << 4);
      let high = i32x4.splat(0);
      let low = i32x4.splat(0);
      while (weights < end) {
        const pixels = v128.load(from);
        const a = i8x16.swizzle(pixels, firstTwo);
        const b = i8x16.swizzle(pixels, lastTwo);
        high = i32x4.add(high, i32x4.dot_i16x8_s(a, v128.load32_splat(weights)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(a, v128.load32_splat(weights, 8)));
        high = i32x4.add(high, i32x4.dot_i16x8_s(b, v128.load32_splat(weights, 4)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(b, v128.load32_splat(weights, 12)));
        from += 12;
        weights += 16;
      }
      const levels = level(high, low);
      const narrow = i16x8.narrow_i32x4_u(levels, levels);
      v128.store32_lane(to, i8x16.narrow_i16x8_u(narrow, narrow), 0);
      record += recordBytes;
      to += 3;
    }
    source += rowBytes;
    out += outBytes;
  }
}

/**
 * One row as the weighted sum of some.
 *
 * @param weights For each two rows four int16: the high halves of their weights, the low halves.
 * @param pairs How many twos of rows there are.
 * @param rowBytes A multiple of 16.
 */
export function resampleColumns(
  source: usize,
  pairs: i32,
  rowBytes: usize,
  weights: usize,
  out: usize,
): void {
  for (let column: usize = 0; column < rowBytes; column += 16) {
    let high0 = i32x4.splat(0);
    let high1 = i32x4.splat(0);
    let high2 = i32x4.splat(0);
    let high3 = i32x4.splat(0);
    let low0 = i32x4.splat(0);
    let low1 = i32x4.splat(0);
    let low2 = i32x4.splat(0);
    let low3 = i32x4.splat(0);
    let from = source + column;
    let weight = weights;
    for (let pair = 0; pair < pairs; pair++) {
      const one = v128.load(from);
      const two = v128.load(from + rowBytes);
      const left = i8x16.shuffle(one, two, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const right = i8x16.shuffle(one, two, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const a = i16x8.extend_low_i8x16_u(left);
      const b = i16x8.extend_high_i8x16_u(left);
      const c = i16x8.extend_low_i8x16_u(right);
      const d = i16x8.extend_high_i8x16_u(right);
      const high = v128.load32_splat(weight);
      const low = v128.load32_splat(weight, 4);
      high0 = i32x4.add(high0, i32x4.dot_i16x8_s(a, high));
      high1 = i32x4.add(high1, i32x4.dot_i16x8_s(b, high));
      high2 = i32x4.add(high2, i32x4.dot_i16x8_s(c, high));
      high3 = i32x4.add(high3, i32x4.dot_i16x8_s(d, high));
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(a, low));
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(b, low));
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(c, low));
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(d, low));
      from += 2 * rowBytes;
      weight += 8;
    }
    const left = i16x8.narrow_i32x4_u(level(high0, low0), level(high1, low1));
    const right = i16x8.narrow_i32x4_u(level(high2, low2), level(high3, low3));
    v128.store(out + column, i8x16.narrow_i16x8_u(left, right));
  }
}
