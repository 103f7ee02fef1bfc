/** A named array of numbers as weights files hold it, whatever width its numbers have there. */

import { WeightsUnusable } from './errors.ts';

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** The tensors of a network by name, such as `layer1.0.conv1.weight`. */
export type StateDict = ReadonlyMap<string, Tensor>;

/** Number formats of weights, named as in safetensors. */
export type NumberFormat = 'F64' | 'F32' | 'F16' | 'BF16';

export const BYTES_PER_NUMBER: Readonly<Record<NumberFormat, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** The number of elements of a shape; 1 for a scalar. */
export const elements = (shape: readonly number[]): number =>
  shape.reduce((product, side) => product * side, 1);

/** Little-endian bytes as float32, always in memory of its own. */
export function toFloat32(bytes: Uint8Array, format: NumberFormat): Float32Array {
  const width = BYTES_PER_NUMBER[format];
  if (bytes.byteLength % width !== 0) throw new WeightsUnusable('a tensor ends in the middle of a number');
  // A copy, for alignment; `slice` of a Buffer would be none.
  const { buffer } = new Uint8Array(bytes);
  switch (format) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'BF16':
      // A bfloat16 is the upper half of a float32.
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer);
    case 'F16':
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
  }
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
