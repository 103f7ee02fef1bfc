/** A model of one small convolution, for tests and benchmarks that need a real server and no good search: it only tells pictures apart. */

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { type Convolution, NETWORK_INPUT } from '../../layers/onnx-resnet50/architecture.ts';
import { addFloat32Convolution, addPixels } from '../../layers/onnx-resnet50/graph.ts';
import { ELEMENT, OnnxGraph } from '../../layers/onnx-resnet50/onnx.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { PREPROCESSING, SIDE } from '../../pictures/embedding/geometry.ts';
import { descriptionFile, type ModelDescription, modelFile } from '../../pictures/embedding/model-folder.ts';
import { Random } from '../../vectorlog/testing/random.ts';

/** Two maps of 32 x 32 places, which are the 2,048 numbers: it sees every pixel, and costs next to nothing. */
const STEP: Convolution = {
  kind: 'convolution',
  name: 'only',
  norm: '',
  input: NETWORK_INPUT,
  inputs: 3,
  outputs: 2,
  window: 7,
  stride: 7,
  relu: false,
};

/** Writes the model into a folder. @returns its id */
export async function writeTinyModel(folder: string): Promise<string> {
  const random = new Random(1);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => random.next() * 2 - 1);
  const graph = new OnnxGraph('tiny');
  addPixels(graph, SIDE);
  addFloat32Convolution(graph, STEP, {
    weights: numbers(STEP.outputs * STEP.inputs * STEP.window ** 2),
    bias: numbers(STEP.outputs),
  });
  const features = graph.node('features', 'Flatten', [STEP.name], { axis: 1 });
  graph.node('embedding', 'LpNormalization', [features], { axis: 1, p: 2 });
  graph.output('embedding', ELEMENT.float32, ['n', DIMENSIONS]);
  const bytes = graph.encode({ preprocessing: PREPROCESSING.center224 });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const model: ModelDescription = {
    modelId: `tiny-${sha256.slice(0, 8)}`,
    weights: 'tiny',
    synthetic: true,
    precision: 'fp32',
    pool: 'average',
    crop: 'center224',
    sha256,
    bytes: bytes.length,
    source: 'test/faults',
  };
  await mkdir(folder, { recursive: true });
  await writeFile(modelFile(folder), bytes);
  await writeFile(descriptionFile(folder), JSON.stringify(model));
  return model.modelId;
}
