/**
 * Weights for machines that cannot download any: random, but from a seed, and scaled so that signals stay of one size.
 *
 * Two things keep such a network from giving every picture the same answer. Each filter sums to zero, so that it sees
 * differences and not the common part that ReLU leaves everywhere. And each block adds little to what goes around it.
 */

import { convolutions } from './architecture.ts';
import type { StateDict, Tensor } from './tensor.ts';

/** Any number; the files of all installations are the same as long as it stays. */
const SEED = 0x11ce_4e55;

/** Variance of ReLU(x) for x of the normal distribution: 1/2 - 1/(2 pi). */
const RELU_VARIANCE = 0.3408;

/** A state dict of torchvision's ResNet50; the same seed gives the same numbers on every machine. */
export function syntheticStateDict(seed = SEED): StateDict {
  const random = uniform(seed);
  const state = new Map<string, Tensor>();
  for (const { name, norm, inputs, outputs, window } of convolutions()) {
    const fanIn = inputs * window * window;
    const isStem = inputs === 3;
    const endsBlock = name.endsWith('conv3');
    const data = new Float32Array(outputs * fanIn);
    for (let output = 0; output < outputs; output++) {
      const filter = data.subarray(output * fanIn, (output + 1) * fanIn);
      for (let i = 0; i < fanIn; i++) filter[i] = random() * Math.sqrt(3 / fanIn);
      if (!isStem) subtractMean(filter);
    }
    state.set(`${name}.weight`, { shape: [outputs, inputs, window, window], data });
    state.set(
      `${norm}.weight`,
      perChannel(outputs, () => (endsBlock ? 0.25 : 1)),
    );
    state.set(
      `${norm}.bias`,
      perChannel(outputs, () => 0.1 * random()),
    );
    state.set(
      `${norm}.running_mean`,
      perChannel(outputs, () => 0),
    );
    state.set(
      `${norm}.running_var`,
      perChannel(outputs, () => (isStem ? 1 : RELU_VARIANCE)),
    );
  }
  return state;
}

function perChannel(channels: number, number: () => number): Tensor {
  return { shape: [channels], data: Float32Array.from({ length: channels }, number) };
}

function subtractMean(filter: Float32Array): void {
  const mean = filter.reduce((sum, weight) => sum + weight, 0) / filter.length;
  for (let i = 0; i < filter.length; i++) filter[i] = filter[i]! - mean;
}

/** Numbers from -1 to 1 by Mulberry32: whole-number arithmetic only, so that no machine rounds differently. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}
