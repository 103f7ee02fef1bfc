/** Runs the float32 network over pictures, to learn how large its values are and what they are on average. */

import { Tensor } from 'onnxruntime-node';
import { openSession } from '../../pictures/embedding/session.ts';
import { resnet50 } from './architecture.ts';
import type { FoldedWeights } from './fold.ts';
import { float32Graph } from './graph.ts';
import { Histogram } from './histogram.ts';

/** What is known of one value of the network: the output of a step. */
export interface ValueStatistics {
  readonly low: number;
  readonly high: number;
  /** The mean of each channel. */
  readonly means: Float64Array;
}

/** By the step's name. */
export type Calibration = ReadonlyMap<string, ValueStatistics>;

/**
 * @param crops Pictures as the network sees them, squares of RGB.
 * @param onProgress Hears how many pictures are done.
 */
export async function calibrate(weights: FoldedWeights, crops: readonly Uint8Array[]): Promise<Calibration> {
  const names = resnet50().map(({ name }) => name);
  const side = Math.sqrt(crops[0]!.length / 3);
  const model = float32Graph(weights, { side, expose: names }).encode({});
  const session = await openSession(model);
  const histograms = new Map(names.map((name) => [name, new Histogram()]));
  const sums = new Map<string, Float64Array>();
  try {
    for (const crop of crops) {
      const values = await session.run({ pixels: new Tensor('uint8', crop, [1, side, side, 3]) }, names);
      for (const name of names) {
        const { data, dims } = values[name]!;
        const numbers = data as Float32Array;
        histograms.get(name)!.add(numbers);
        addMeans(sums, name, numbers, dims[1]!);
      }
    }
  } finally {
    await session.release();
  }
  return new Map(
    names.map((name) => [
      name,
      { ...histograms.get(name)!.bestRange(), means: sums.get(name)!.map((sum) => sum / crops.length) },
    ]),
  );
}

function addMeans(
  sums: Map<string, Float64Array>,
  name: string,
  numbers: Float32Array,
  channels: number,
): void {
  let sum = sums.get(name);
  if (!sum) {
    sum = new Float64Array(channels);
    sums.set(name, sum);
  }
  const plane = numbers.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    let total = 0;
    for (let i = channel * plane; i < (channel + 1) * plane; i++) total += numbers[i]!;
    sum[channel]! += total / plane;
  }
}
