/** The ONNX graph in int8: as the float32 one, but convolutions and sums compute with 8-bit numbers. */

import { SIDE } from '../../pictures/embedding/geometry.ts';
import { type Convolution, resnet50, type Step, type Sum } from './architecture.ts';
import type { Calibration } from './calibrate.ts';
import type { FoldedWeights } from './fold.ts';
import {
  addConvolution,
  addEmbedding,
  addFloat32Convolution,
  addMaxPool,
  addPixels,
  type Pool,
} from './graph.ts';
import { OnnxGraph } from './onnx.ts';
import { quantizeConvolution } from './quantize.ts';

/**
 * These stay in float32 as a whole. An error made here goes through all that follows, and measured on pictures the first
 * block alone made two fifths of all error for a twelfth of the work.
 */
const isFirst = ({ name }: Step): boolean => /^(conv1|maxpool|layer1\.0(\..*)?)$/.test(name);

/** Sums that stay in float32: so far down they are small, and what they lose is lost for the answer. */
const isLateSum = ({ name }: Step): boolean => /^layer[34]\.\d$/.test(name);

/** Standard ONNX: QuantizeLinear and DequantizeLinear around each step, which the runtime melts into 8-bit kernels. */
export function int8Graph(
  weights: FoldedWeights,
  calibration: Calibration,
  { pool = 'average' as Pool, side = SIDE } = {},
): OnnxGraph {
  const graph = new Int8Graph(weights, calibration);
  addPixels(graph, side);
  const steps = resnet50();
  for (const step of steps) {
    if (isFirst(step) || isLateSum(step)) graph.addInFloat32(step);
    else if (step.kind === 'convolution') graph.addInt8Convolution(step);
    else if (step.kind === 'sum') graph.addInt8Sum(step);
  }
  addEmbedding(graph, steps.at(-1)!.name, pool, weights.projection);
  return graph;
}

class Int8Graph extends OnnxGraph {
  /** Values that are there in float32, as they were computed. */
  private readonly inFloat32 = new Set<string>();
  /** Values that are there in 8 bits. */
  private readonly inInt8 = new Set<string>();

  constructor(
    private readonly weights: FoldedWeights,
    private readonly calibration: Calibration,
  ) {
    super('resnet50-int8');
  }

  addInFloat32(step: Step): void {
    const { name } = step;
    this.inFloat32.add(name);
    if (step.kind === 'convolution') addFloat32Convolution(this, step, this.weights.convolutions.get(name)!);
    else if (step.kind === 'max-pool') addMaxPool(this, step);
    else {
      this.node(`${name}.sum`, 'Add', [
        this.asFloat32(step.input, name),
        this.asFloat32(step.shortcut, name),
      ]);
      this.node(name, 'Relu', [`${name}.sum`]);
    }
  }

  /** ReLU needs no step of its own: the lowest level of a value that is never negative is zero. */
  addInt8Convolution(step: Convolution): void {
    const { name, input, inputs, outputs, window } = step;
    const inputMeans = this.calibration.get(input)!.means;
    const { levels, scales, bias } = quantizeConvolution(
      step,
      this.weights.convolutions.get(name)!,
      inputMeans,
    );
    const biasScales = scales.map((scale) => scale * this.scaleOf(input));
    const biasLevels = Int32Array.from(bias, (x, output) => Math.round(x / biasScales[output]!));
    addConvolution(
      this,
      step,
      [
        this.throughInt8(input, name),
        this.dequantizedConstant(`${name}.weight`, levels, [outputs, inputs, window, window], scales),
        this.dequantizedConstant(`${name}.bias`, biasLevels, [outputs], biasScales),
      ],
      name,
    );
  }

  addInt8Sum({ name, input, shortcut }: Sum): void {
    this.node(name, 'Add', [this.throughInt8(input, name), this.throughInt8(shortcut, name)]);
  }

  /** What one level of a value is worth. */
  private scaleOf(name: string): number {
    const { low, high } = this.calibration.get(name)!;
    return Math.fround((high - low) / 255);
  }

  private asFloat32(name: string, reader: string): string {
    return this.inFloat32.has(name) ? name : this.throughInt8(name, reader);
  }

  /**
   * A value as 8 bits hold it. Each reader gets a conversion back of its own, which the runtime can melt with it; what
   * is below the lowest level has become the lowest level.
   */
  private throughInt8(name: string, reader: string): string {
    const scale = `${name}.scale`;
    const zero = `${name}.zero`;
    if (!this.inInt8.has(name)) {
      this.inInt8.add(name);
      const step = this.scaleOf(name);
      this.constant(scale, Float32Array.of(step));
      this.constant(zero, Uint8Array.of(Math.round(-this.calibration.get(name)!.low / step)));
      this.node(`${name}.int8`, 'QuantizeLinear', [name, scale, zero]);
    }
    return this.node(`${name}.for.${reader}`, 'DequantizeLinear', [`${name}.int8`, scale, zero]);
  }

  private dequantizedConstant(
    name: string,
    levels: Int8Array | Int32Array,
    shape: readonly number[],
    scales: Float32Array,
  ): string {
    const zeros = levels instanceof Int8Array ? new Int8Array(scales.length) : new Int32Array(scales.length);
    const operands = [
      this.constant(`${name}.levels`, levels, shape),
      this.constant(`${name}.scale`, scales, [scales.length]),
      this.constant(`${name}.zero`, zeros, [scales.length]),
    ];
    return this.node(name, 'DequantizeLinear', operands, { axis: 0 });
  }
}
