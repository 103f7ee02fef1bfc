/** The ONNX graph in float32: uint8 pixels in, unit vectors out. */

import { DIMENSIONS } from '../../core/limits.ts';
import { NETWORK_INPUT, resnet50 } from './architecture.ts';
import type { FoldedWeights } from './fold.ts';
import { ELEMENT, OnnxGraph } from './onnx.ts';

/** Side of the square of pixels that the network sees. */
export const SIDE = 224;

/** ImageNet's mean and standard deviation for R, G, B, as torchvision's transforms have them. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/** Adds the input `pixels` uint8 [n,224,224,3] and what makes `NETWORK_INPUT` of it. */
export function addPixels(graph: OnnxGraph): void {
  const pixels = graph.input('pixels', ELEMENT.uint8, ['n', SIDE, SIDE, 3]);
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

/** Adds the mean over each feature map, L2 normalisation, and the output `embedding` float32 [n,2048]. */
export function addEmbedding(graph: OnnxGraph, features: string): void {
  const pooled = graph.node('pooled', 'GlobalAveragePool', [features]);
  const flat = graph.node('features', 'Flatten', [pooled], { axis: 1 });
  graph.node('embedding', 'LpNormalization', [flat], { axis: 1, p: 2 });
  graph.output('embedding', ELEMENT.float32, ['n', DIMENSIONS]);
}

/** The whole network with these weights. */
export function float32Graph(weights: FoldedWeights): OnnxGraph {
  const graph = new OnnxGraph('resnet50');
  addPixels(graph);
  let last = NETWORK_INPUT;
  for (const step of resnet50()) {
    switch (step.kind) {
      case 'convolution': {
        const { name, input, inputs, outputs, window, stride, relu } = step;
        const { weights: kernel, bias } = weights.get(name)!;
        const padding = (window - 1) / 2;
        const numbers = [
          graph.constant(`${name}.weight`, kernel, [outputs, inputs, window, window]),
          graph.constant(`${name}.bias`, bias),
        ];
        const attributes = {
          kernel_shape: [window, window],
          strides: [stride, stride],
          pads: [padding, padding, padding, padding],
        };
        if (relu) {
          const before = graph.node(`${name}.linear`, 'Conv', [input, ...numbers], attributes);
          graph.node(name, 'Relu', [before]);
        } else {
          graph.node(name, 'Conv', [input, ...numbers], attributes);
        }
        break;
      }
      case 'max-pool':
        graph.node(step.name, 'MaxPool', [step.input], {
          kernel_shape: [3, 3],
          strides: [2, 2],
          pads: [1, 1, 1, 1],
        });
        break;
      case 'sum': {
        const sum = graph.node(`${step.name}.sum`, 'Add', [step.input, step.shortcut]);
        graph.node(step.name, 'Relu', [sum]);
      }
    }
    last = step.name;
  }
  addEmbedding(graph, last);
  return graph;
}
