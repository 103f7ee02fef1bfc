/** Pillow's bilinear filter: of which source pixels each pixel of the result is made, and with what weights. */

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

/** Bits after the point in a weight; those of a pixel sum to 1, within rounding. */
export const PRECISION_BITS = 22;

/** For each wanted pixel the first source pixel that it is made of, how many there are, and their weights. */
export interface Filter {
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
 * A reduction widens the triangle by the scale (antialiasing); an enlargement keeps it two pixels wide. Centres are
 * aligned, and what lies outside of the source has no weight.
 */
export function triangle({ source, target, start, length }: Axis): Filter {
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
