/** Turns a convolution's float32 numbers into 8-bit ones, one scale for each of its outputs. */

import type { Convolution } from './architecture.ts';
import type { FoldedConvolution } from './fold.ts';

const MAX_LEVEL = 127;

/**
 * What two neighbouring weights of one sign may come to, in levels. Processors without VNNI add the products of two
 * 8-bit values with two weights in 16 bits, which hold 255 * 128; over that they would clip, and give other vectors than
 * processors with VNNI. Half a level is kept for rounding each of the two.
 */
const MAX_PAIR = 127.5;

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
  const places = perOutput / inputs;
  const levels = new Int8Array(weights.length);
  const scales = new Float32Array(outputs);
  const corrected = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const filter = weights.subarray(output * perOutput, (output + 1) * perOutput);
    const scale = finestScale(filter, places);
    scales[output] = scale;
    let lost = 0;
    for (let i = 0; i < perOutput; i++) {
      const level = levelOf(filter[i]!, scale);
      levels[output * perOutput + i] = level;
      lost += (filter[i]! - level * scale) * inputMeans[Math.floor(i / places)]!;
    }
    corrected[output] = bias[output]! + lost;
  }
  return { levels, scales, bias: corrected };
}

const levelOf = (weight: number, scale: number): number =>
  Math.max(-MAX_LEVEL, Math.min(MAX_LEVEL, Math.round(weight / scale)));

/**
 * The finest scale at which no weight and no pair of neighbours is too large. Which weights are neighbours depends on
 * whether the runtime counts the channels first or the places in the window first, so both must hold.
 */
function finestScale(filter: Float32Array, places: number): number {
  let largest = 0;
  let pair = 0;
  for (let i = 0; i < filter.length; i++) {
    const weight = filter[i]!;
    largest = Math.max(largest, Math.abs(weight));
    if (i % 2 === 1) pair = Math.max(pair, sumOfOneSign(filter[i - 1]!, weight));
    if (Math.floor(i / places) % 2 === 1) pair = Math.max(pair, sumOfOneSign(filter[i - places]!, weight));
  }
  return Math.fround(Math.max(largest / MAX_LEVEL, pair / MAX_PAIR)) || 1;
}

const sumOfOneSign = (a: number, b: number): number => (a * b > 0 ? Math.abs(a + b) : 0);
