/**
 * Bilinear resampling with Pillow's arithmetic, to the bit, so that pictures are scaled as the weights saw them scaled.
 *
 * A reduction widens the triangle filter by the scale (antialiasing); an enlargement keeps it two pixels wide, centres
 * aligned. Filters are in 22-bit fixed point, rows first, rounded to bytes in between.
 */

/** Interleaved bytes, row-major, three a pixel. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** One axis of a resampling: which part of the result is wanted, and of what. */
export interface Axis {
  /** Length of the whole source, in pixels. */
  readonly source: number;
  /** Length of the whole result, in pixels. */
  readonly target: number;
  /** First pixel of the wanted part of the result, and how many. */
  readonly start: number;
  readonly length: number;
}

/** Half-open range of pixels along one axis. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const CHANNELS = 3;
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** For each wanted pixel the first source pixel that it is made of, how many there are, and their weights. */
interface Filter {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights a pixel, the unused ones 0. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** The source pixels that the wanted part of the result is made of. */
export function sourceSpan(axis: Axis): Span {
  const { first, count } = triangle(axis);
  return { start: first[0]!, end: first[axis.length - 1]! + count[axis.length - 1]! };
}

/**
 * Resamples the part of a picture that `x` and `y` ask for.
 *
 * @param pixels The source, or the part of it that begins at `left`, `top` and covers `sourceSpan` of both axes.
 * @returns `x.length * y.length * 3` bytes.
 */
export function resample(pixels: Pixels, x: Axis, y: Axis, left = 0, top = 0): Uint8Array {
  const vertical = triangle(y);
  const rows = sourceSpan(y);
  const narrow = resampleRows(pixels, triangle(x), { start: rows.start - top, end: rows.end - top }, left);
  return resampleColumns(narrow, x.length, vertical, rows.start);
}

function resampleRows({ data, width }: Pixels, filter: Filter, rows: Span, left: number): Uint8Array {
  const { first, count, weights, stride } = filter;
  const result = new Uint8Array((rows.end - rows.start) * first.length * CHANNELS);
  let to = 0;
  for (let row = rows.start; row < rows.end; row++) {
    for (let column = 0; column < first.length; column++) {
      let from = (row * width + first[column]! - left) * CHANNELS;
      let weight = column * stride;
      const end = weight + count[column]!;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (; weight < end; weight++) {
        const factor = weights[weight]!;
        red += Math.imul(data[from]!, factor);
        green += Math.imul(data[from + 1]!, factor);
        blue += Math.imul(data[from + 2]!, factor);
        from += CHANNELS;
      }
      // A triangle has no negative weights, and they sum to 1: the result is within 0 to 255.
      result[to] = red >> PRECISION_BITS;
      result[to + 1] = green >> PRECISION_BITS;
      result[to + 2] = blue >> PRECISION_BITS;
      to += CHANNELS;
    }
  }
  return result;
}

function resampleColumns(rows: Uint8Array, width: number, filter: Filter, top: number): Uint8Array {
  const { first, count, weights, stride } = filter;
  const bytes = width * CHANNELS;
  const result = new Uint8Array(first.length * bytes);
  const sums = new Int32Array(bytes);
  for (let row = 0; row < first.length; row++) {
    sums.fill(HALF);
    for (let i = 0; i < count[row]!; i++) {
      const factor = weights[row * stride + i]!;
      const from = (first[row]! - top + i) * bytes;
      for (let column = 0; column < bytes; column++) sums[column]! += Math.imul(rows[from + column]!, factor);
    }
    for (let column = 0; column < bytes; column++)
      result[row * bytes + column] = sums[column]! >> PRECISION_BITS;
  }
  return result;
}

function triangle({ source, target, start, length }: Axis): Filter {
  const scale = source / target;
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const filter = {
    first: new Int32Array(length),
    count: new Int32Array(length),
    weights: new Int32Array(length * stride),
    stride,
  };
  const exact = new Float64Array(stride);
  for (let i = 0; i < length; i++) {
    const centre = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(source, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const distance = Math.abs((tap + first - centre + 0.5) / support);
      exact[tap] = Math.max(0, 1 - distance);
      sum += exact[tap]!;
    }
    filter.first[i] = first;
    filter.count[i] = count;
    for (let tap = 0; tap < count; tap++) {
      filter.weights[i * stride + tap] = Math.trunc(0.5 + (exact[tap]! / sum) * 2 ** PRECISION_BITS);
    }
  }
  return filter;
}
