/** The ONNX graph in int8: as the float32 one, but convolutions and sums compute with 8-bit numbers. */

import { type Convolution, NETWORK_INPUT, resnet50, type Sum } from './architecture.ts';
import type { Calibration } from './calibrate.ts';
import type { FoldedWeights } from './fold.ts';
import { addConvolution, addEmbedding, addFloat32Convolution, addMaxPool, addPixels } from './graph.ts';
import { OnnxGraph } from './onnx.ts';
import { quantizeConvolution } from './quantize.ts';

/**
 * Standard ONNX with QuantizeLinear and DequantizeLinear around each step, which the runtime melts into 8-bit kernels.
 *
 * The first convolution and the last sum stay in float32: what goes wrong in the one can never be made good, and the
 * other is averaged into the answer. Both are cheap.
 */
export function int8Graph(weights: FoldedWeights, calibration: Calibration): OnnxGraph {
  const graph = new Int8Graph(weights, calibration);
  addPixels(graph);
  const steps = resnet50();
  const last = steps.at(-1)!.name;
  for (const step of steps) {
    if (step.kind === 'convolution' && step.input === NETWORK_INPUT) {
      addFloat32Convolution(graph, step, weights.get(step.name)!);
      continue;
    }
    if (step.kind === 'convolution') graph.addInt8Convolution(step);
    else if (step.kind === 'max-pool') addMaxPool(graph, step);
    else graph.addSum(step, /^layer[34]/.test(step.name));
    if (step.name !== last) graph.quantize(step.name);
  }
  addEmbedding(graph, last);
  return graph;
}

class Int8Graph extends OnnxGraph {
  constructor(
    private readonly weights: FoldedWeights,
    private readonly calibration: Calibration,
  ) {
    super('resnet50-int8');
  }

  /** Writes a value in 8 bits; whatever is below the lowest level becomes the lowest level. */
  quantize(name: string): void {
    const { low } = this.calibration.get(name)!;
    const scale = this.scaleOf(name);
    this.constant(`${name}.scale`, Float32Array.of(scale));
    this.constant(`${name}.zero`, Uint8Array.of(Math.round(-low / scale)));
    this.node(`${name}.int8`, 'QuantizeLinear', [name, `${name}.scale`, `${name}.zero`]);
  }

  /** ReLU needs no step of its own: the lowest level of a value that is never negative is zero. */
  addInt8Convolution(step: Convolution): void {
    const { name, input, inputs, outputs, window } = step;
    const inputMeans = this.calibration.get(input)!.means;
    const { levels, scales, bias } = quantizeConvolution(step, this.weights.get(name)!, inputMeans);
    const biasScales = scales.map((scale) => scale * this.scaleOf(input));
    const biasLevels = Int32Array.from(bias, (x, output) => Math.round(x / biasScales[output]!));
    addConvolution(
      this,
      step,
      [
        this.dequantized(input, name),
        this.dequantizedConstant(`${name}.weight`, levels, [outputs, inputs, window, window], scales),
        this.dequantizedConstant(`${name}.bias`, biasLevels, [outputs], biasScales),
      ],
      name,
    );
  }

  addSum({ name, input, shortcut }: Sum, float: boolean): void {
    if (!float) {
      this.node(name, 'Add', [this.dequantized(input, name), this.dequantized(shortcut, name)]);
      return;
    }
    const around = shortcut.includes('downsample') ? this.dequantized(shortcut, name) : shortcut;
    this.node(`${name}.sum`, 'Add', [this.dequantized(input, name), around]);
    this.node(name, 'Relu', [`${name}.sum`]);
  }

  /** What one level of a value is worth. */
  private scaleOf(name: string): number {
    const { low, high } = this.calibration.get(name)!;
    return Math.fround((high - low) / 255);
  }

  /** Each reader gets a conversion of its own, which the runtime can melt with it. */
  private dequantized(name: string, reader: string): string {
    const operands = [`${name}.int8`, `${name}.scale`, `${name}.zero`];
    return this.node(`${name}.for.${reader}`, 'DequantizeLinear', operands);
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
