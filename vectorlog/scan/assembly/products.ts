/** How products of bytes are computed and added, in AssemblyScript. */

/** The sum of four int32. */
export function sumInts(v: v128): i32 {
  const halves = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
}

/** The sums of four vectors' numbers. */
export function sumFours(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 1, 4, 5), v128.shuffle<i32>(a, b, 2, 3, 6, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 1, 4, 5), v128.shuffle<i32>(c, d, 2, 3, 6, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 2, 4, 6), v128.shuffle<i32>(ab, cd, 1, 3, 5, 7));
}

/**
 * How products of bytes are computed; the builds set it. 0: by what every processor with SIMD has. 1: by relaxed SIMD's
 * sums of two products, one instruction on x86. 2: by its sums of four, one instruction on ARM; V8 makes five of it on an
 * x86 without AVX-VNNI.
 */
const PRODUCTS: i32 = 0;

/** Of each two signed bytes the lower one, in 16 bits. */
function lowerBytes(v: v128): v128 {
  return i16x8.shr_s(i16x8.shl(v, 8), 8);
}

/**
 * Adds the products of 16 numbers that are not negative and 16 signed ones, bytes all of them: sums of two in 16 bits, or of four in
 * 32. Of nibbles, from 0 to 15, and coarse query integers, from -127 to 127, eight times as many are sure to fit.
 */
export function addProducts(sum: v128, positive: v128, signed: v128): v128 {
  if (PRODUCTS === 1) return i16x8.add(sum, i16x8.relaxed_dot_i8x16_i7x16_s(signed, positive));
  if (PRODUCTS === 2) return i32x4.relaxed_dot_i8x16_i7x16_add_s(signed, positive, sum);
  const even = i16x8.mul(lowerBytes(positive), lowerBytes(signed));
  const odd = i16x8.mul(i16x8.shr_s(positive, 8), i16x8.shr_s(signed, 8));
  return i16x8.add(sum, i16x8.add(even, odd));
}

/** Adds sums of `addProducts` to int32. */
export function widened(total: v128, sum: v128): v128 {
  return i32x4.add(total, PRODUCTS === 2 ? sum : i32x4.extadd_pairwise_i16x8_s(sum));
}

/** Bytes of a plane whose products `addProducts` can add: twice 16 nibbles from each 16 bytes. */
export const SUMMED: usize = 64;
