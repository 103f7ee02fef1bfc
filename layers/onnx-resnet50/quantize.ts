/** Turns a convolution's float32 numbers into 8-bit ones, one scale for each of its outputs. */

import type { Convolution } from './architecture.ts';
import type { FoldedConvolution } from './fold.ts';

/**
 * Largest weight in levels. Processors without VNNI add two products of an 8-bit value and a weight in 16 bits, which
 * must hold 2 * 255 * 64; with all of int8 they would clip, and differ from those that have VNNI.
 */
const MAX_LEVEL = 64;

export interface QuantizedConvolution {
  readonly levels: Int8Array;
  /** What one level is worth, for each output. */
  readonly scales: Float32Array;
  /** float32; already makes up for what rounding the weights moves on average. */
  readonly bias: Float32Array;
}

/** @param inputMeans The mean of each input channel, over pictures. */
export function quantizeConvolution(
  { outputs, inputs }: Convolution,
  { weights, bias }: FoldedConvolution,
  inputMeans: Float64Array,
): QuantizedConvolution {
  const perOutput = weights.length / outputs;
  const window = perOutput / inputs;
  const levels = new Int8Array(weights.length);
  const scales = new Float32Array(outputs);
  const corrected = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const filter = weights.subarray(output * perOutput, (output + 1) * perOutput);
    const scale = bestScale(filter);
    scales[output] = scale;
    let lost = 0;
    for (let i = 0; i < perOutput; i++) {
      const level = levelOf(filter[i]!, scale);
      levels[output * perOutput + i] = level;
      lost += (filter[i]! - level * scale) * inputMeans[Math.floor(i / window)]!;
    }
    corrected[output] = bias[output]! + lost;
  }
  return { levels, scales, bias: corrected };
}

const levelOf = (weight: number, scale: number): number =>
  Math.max(-MAX_LEVEL, Math.min(MAX_LEVEL, Math.round(weight / scale)));

/** Shares of the largest weight that the levels may be made to reach. */
const REACHES = [1, 0.94, 0.88, 0.82, 0.76, 0.7];

/** The scale with the least squared error: clipping a few large weights can be worth finer steps for the others. */
function bestScale(filter: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < filter.length; i++) largest = Math.max(largest, Math.abs(filter[i]!));
  if (largest === 0) return 1;
  let best = 1;
  let leastError = Number.POSITIVE_INFINITY;
  for (const reach of REACHES) {
    const scale = Math.fround((largest * reach) / MAX_LEVEL);
    let error = 0;
    for (let i = 0; i < filter.length; i++) error += (filter[i]! - levelOf(filter[i]!, scale) * scale) ** 2;
    if (error < leastError) {
      best = scale;
      leastError = error;
    }
  }
  return best;
}
