/** The 8-bit numbers of an int8 model: ranges that lose least, weights that no processor clips. */

import { describe, expect, it } from 'vitest';
import type { Convolution } from '../../../layers/onnx-resnet50/architecture.ts';
import { Histogram } from '../../../layers/onnx-resnet50/histogram.ts';
import { quantizeConvolution } from '../../../layers/onnx-resnet50/quantize.ts';

function histogramOf(...batches: readonly (readonly number[])[]): Histogram {
  const histogram = new Histogram();
  for (const batch of batches) histogram.add(Float32Array.from(batch));
  return histogram;
}

const spread = (low: number, high: number) =>
  Array.from({ length: 10_000 }, (_, i) => low + ((high - low) * i) / 9_999);

describe('Histogram', () => {
  it('covers all of what is spread evenly', () => {
    const { low, high } = histogramOf(spread(-2, 3)).bestRange();

    expect(low).toBeCloseTo(-2, 1);
    expect(high).toBeCloseTo(3, 1);
  });

  it('clips what is large and rare, for finer levels of the rest', () => {
    const { high } = histogramOf(...Array(100).fill(spread(0, 1)), [1.3]).bestRange();

    expect(high).toBeLessThan(1.25);
    expect(high).toBeGreaterThan(0.9);
  });

  it('keeps zero in the range, even of numbers that are far from it', () => {
    expect(histogramOf(spread(5, 6)).bestRange().low).toBeCloseTo(0);
  });

  it('forgets nothing when the range grows', () => {
    const grown = histogramOf(spread(0, 0.9), spread(0, 100)).bestRange();
    const atOnce = histogramOf(spread(0, 100), spread(0, 0.9)).bestRange();

    expect(grown.high).toBeCloseTo(atOnce.high, 3);
  });
});

describe('quantizeConvolution', () => {
  const step: Convolution = {
    kind: 'convolution',
    name: 'a',
    norm: 'b',
    input: 'c',
    inputs: 2,
    outputs: 2,
    window: 1,
    stride: 1,
    relu: true,
  };
  const folded = { weights: Float32Array.of(0.5, -0.503, 64, 0), bias: Float32Array.of(1, 2) };

  it('gives each output a scale of its own', () => {
    const { levels, scales } = quantizeConvolution(step, folded, Float64Array.of(0, 0));

    for (const [i, weight] of folded.weights.entries()) {
      const scale = scales[Math.floor(i / 2)]!;
      expect(Math.abs(levels[i]! * scale - weight)).toBeLessThanOrEqual(scale / 2 + 1e-6);
    }
    expect(scales[1]! / scales[0]!).toBeGreaterThan(100);
  });

  it('never lets two neighbours be more than 16 bits have room for, in either order', () => {
    // Neighbours in memory: places of the window. Neighbours by channel: two numbers apart.
    const weights = Float32Array.of(1, 0.9, -1, 0.1, 0.95, -0.9, -0.99, 0.2);
    const { levels } = quantizeConvolution(
      { ...step, inputs: 4, outputs: 1, window: 2 },
      { weights, bias: Float32Array.of(0) },
      new Float64Array(4),
    );

    for (const [left, right] of [
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
      [0, 2],
      [1, 3],
      [4, 6],
      [5, 7],
    ]) {
      expect(255 * Math.abs(levels[left!]! + levels[right!]!)).toBeLessThanOrEqual(32_767);
    }
    expect(Math.max(...levels)).toBeGreaterThan(60);
  });

  it('uses all levels where no neighbours forbid it', () => {
    const weights = Float32Array.of(1, -1, 1, -0.25);

    const { levels } = quantizeConvolution(step, { ...folded, weights }, Float64Array.of(0, 0));

    expect([...levels]).toEqual([127, -127, 127, -32]);
  });

  it('gives the same average output as before, over inputs of the given means', () => {
    const means = Float64Array.of(10, 30);
    const { levels, scales, bias } = quantizeConvolution(step, folded, means);

    for (const output of [0, 1]) {
      const at = 2 * output;
      const exact = folded.bias[output]! + folded.weights[at]! * 10 + folded.weights[at + 1]! * 30;
      const rounded = bias[output]! + scales[output]! * (levels[at]! * 10 + levels[at + 1]! * 30);
      expect(rounded).toBeCloseTo(exact, 3);
    }
  });
});
