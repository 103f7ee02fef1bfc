/** The ONNX graph in float32: uint8 pixels in, unit vectors out. */

import { SIDE } from '../../pictures/embedding/geometry.ts';
import type { POOLS } from '../../pictures/embedding/model-folder.ts';
import { type Convolution, FEATURES, type MaxPool, NETWORK_INPUT, resnet50 } from './architecture.ts';
import type { FoldedConvolution, FoldedWeights, Projection } from './fold.ts';
import { ELEMENT, OnnxGraph } from './onnx.ts';

/** ImageNet's mean and standard deviation for R, G, B, as torchvision's transforms have them. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

export type Pool = (typeof POOLS)[number];

/** Adds the input `pixels` uint8 [n,side,side,3] and what makes `NETWORK_INPUT` of it. */
export function addPixels(graph: OnnxGraph, side: number): void {
  const pixels = graph.input('pixels', ELEMENT.uint8, ['n', side, side, 3]);
  const asFloat = graph.node('pixels.float', 'Cast', [pixels], { to: ELEMENT.float32 });
  const planes = graph.node('pixels.planes', 'Transpose', [asFloat], { perm: [0, 3, 1, 2] });
  const mean = graph.constant(
    'pixels.mean',
    Float32Array.from(MEAN, (x) => x * 255),
    [1, 3, 1, 1],
  );
  const scale = graph.constant(
    'pixels.scale',
    Float32Array.from(DEVIATION, (x) => 1 / (x * 255)),
    [1, 3, 1, 1],
  );
  const centred = graph.node('pixels.centred', 'Sub', [planes, mean]);
  graph.node(NETWORK_INPUT, 'Mul', [centred, scale]);
}

/**
 * Adds the pooling of each feature map, the linear layer where there is one, L2 normalisation, and the output `embedding`
 * float32 [n,2048], or as many as that layer gives.
 */
export function addEmbedding(graph: OnnxGraph, features: string, pool: Pool, projection?: Projection): void {
  const pooled =
    pool === 'gem3' ? gem3(graph, features) : graph.node('pooled', 'GlobalAveragePool', [features]);
  const flat = graph.node('features', 'Flatten', [pooled], { axis: 1 });
  const embedded = projection ? project(graph, flat, projection) : flat;
  graph.node('embedding', 'LpNormalization', [embedded], { axis: 1, p: 2 });
  graph.output('embedding', ELEMENT.float32, ['n', projection?.outputs ?? FEATURES]);
}

function project(graph: OnnxGraph, flat: string, { outputs, weights, bias }: Projection): string {
  const operands = [
    flat,
    graph.constant('projection.weight', weights, [outputs, FEATURES]),
    graph.constant('projection.bias', bias),
  ];
  return graph.node('projected', 'Gemm', operands, { transB: 1 });
}

/** The generalised mean with p = 3; features are never negative. */
function gem3(graph: OnnxGraph, features: string): string {
  const squares = graph.node('features.squares', 'Mul', [features, features]);
  const cubes = graph.node('features.cubes', 'Mul', [squares, features]);
  const mean = graph.node('pooled.cubes', 'GlobalAveragePool', [cubes]);
  return graph.node('pooled', 'Pow', [mean, graph.constant('third', Float32Array.of(1 / 3), [1])]);
}

/** Adds a convolution of `[input, weights, bias]`. */
export function addConvolution(
  graph: OnnxGraph,
  { window, stride }: Convolution,
  operands: readonly string[],
  name: string,
): void {
  const padding = (window - 1) / 2;
  graph.node(name, 'Conv', operands, {
    kernel_shape: [window, window],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  });
}

export function addMaxPool(graph: OnnxGraph, { name, input }: MaxPool): void {
  graph.node(name, 'MaxPool', [input], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
}

/** Adds the weights of a convolution, and the convolution, with its ReLU where it has one. */
export function addFloat32Convolution(graph: OnnxGraph, step: Convolution, numbers: FoldedConvolution): void {
  const { name, input, inputs, outputs, window, relu } = step;
  const operands = [
    input,
    graph.constant(`${name}.weight`, numbers.weights, [outputs, inputs, window, window]),
    graph.constant(`${name}.bias`, numbers.bias),
  ];
  addConvolution(graph, step, operands, relu ? `${name}.linear` : name);
  if (relu) graph.node(name, 'Relu', [`${name}.linear`]);
}

/**
 * The whole network with these weights.
 *
 * @param pool How feature maps become features.
 * @param side Of the square that it sees, in pixels.
 * @param expose Steps whose values become outputs too, for looking inside.
 */
export function float32Graph(
  weights: FoldedWeights,
  { pool = 'average' as Pool, side = SIDE, expose = [] as readonly string[] } = {},
): OnnxGraph {
  const graph = new OnnxGraph('resnet50');
  addPixels(graph, side);
  const steps = resnet50();
  for (const step of steps) {
    switch (step.kind) {
      case 'convolution':
        addFloat32Convolution(graph, step, weights.convolutions.get(step.name)!);
        break;
      case 'max-pool':
        addMaxPool(graph, step);
        break;
      case 'sum':
        graph.node(`${step.name}.sum`, 'Add', [step.input, step.shortcut]);
        graph.node(step.name, 'Relu', [`${step.name}.sum`]);
    }
  }
  addEmbedding(graph, steps.at(-1)!.name, pool, weights.projection);
  for (const name of expose) {
    graph.output(name, ELEMENT.float32, [
      'n',
      ...['channels', 'rows', 'columns'].map((side) => `${name}.${side}`),
    ]);
  }
  return graph;
}
