/**
 * Products of float32 rows and queries, in AssemblyScript; addresses as in kernel.ts.
 *
 * Every product is summed in the same order whichever function computes it, so that a score never depends on how it was
 * asked for: four lanes, each adding every fourth product from the first to the last, then (0 + 1) + (2 + 3).
 */

function sumFloats(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
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
