/** Reads memory and does nothing with it: what a scan could reach if it had nothing to compute. */

/** One stream, 64 bytes at a time. */
export function readOne(from: usize, bytes: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  const end = from + bytes;
  while (from < end) {
    a = v128.or(a, v128.or(v128.load(from), v128.load(from, 16)));
    b = v128.or(b, v128.or(v128.load(from, 32), v128.load(from, 48)));
    from += 64;
  }
  return i32x4.extract_lane(v128.or(a, b), 0);
}

/** Four streams, each a quarter of 32 KiB at a time. */
export function readFour(from: usize, bytes: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  const end = from + bytes;
  while (from < end) {
    const part = from + 8192;
    while (from < part) {
      a = v128.or(a, v128.or(v128.load(from), v128.load(from, 8192)));
      b = v128.or(b, v128.or(v128.load(from, 16384), v128.load(from, 24576)));
      a = v128.or(a, v128.or(v128.load(from, 16), v128.load(from, 8208)));
      b = v128.or(b, v128.or(v128.load(from, 16400), v128.load(from, 24592)));
      from += 32;
    }
    from += 24576;
  }
  return i32x4.extract_lane(v128.or(a, b), 0);
}
