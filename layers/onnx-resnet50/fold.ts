/** Folds each batch norm into the convolution before it: at inference both are linear, so one of them is enough. */

import { type Convolution, convolutions, FEATURES } from './architecture.ts';
import { WeightsUnusable } from './errors.ts';
import { elements, type StateDict } from './tensor.ts';

/** A convolution's numbers: `weights` [outputs, inputs, window, window] row-major, `bias` [outputs]. */
export interface FoldedConvolution {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** A linear layer that makes the embedding of the pooled features: `weights` [outputs, 2048] row-major, `bias` [outputs]. */
export interface Projection {
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

export interface FoldedWeights {
  /** By the convolution's name. */
  readonly convolutions: ReadonlyMap<string, FoldedConvolution>;
  /** Absent where the pooled features are the embedding. */
  readonly projection?: Projection;
}

/** What stands before the names of the network's tensors in a state dict of SSCD, whose last layer gives descriptors, not classes. */
const SSCD = 'backbone.';

/** PyTorch's default, which torchvision's ResNet50 keeps. */
const EPSILON = 1e-5;

/**
 * Takes what the network needs from a state dict of torchvision's ResNet50, or of SSCD, whose linear layer at the end belongs
 * to it; a classifier and the training's counters stay behind.
 *
 * @throws WeightsUnusable naming the first tensor that is missing or of another shape.
 */
export function foldBatchNorm(state: StateDict): FoldedWeights {
  const isSscd = [...state.keys()].some((name) => name.startsWith(SSCD));
  const network = isSscd
    ? new Map(
        [...state].map(([name, tensor]) => [name.slice(name.startsWith(SSCD) ? SSCD.length : 0), tensor]),
      )
    : state;
  const folded = new Map(convolutions().map((each) => [each.name, fold(each, network)]));
  return { convolutions: folded, ...(isSscd && { projection: projectionOf(network) }) };
}

function projectionOf(state: StateDict): Projection {
  const outputs = state.get('fc.weight')?.shape[0] ?? 0;
  return {
    outputs,
    weights: numbers(state, 'fc.weight', [outputs, FEATURES]),
    bias: numbers(state, 'fc.bias', [outputs]),
  };
}

function fold({ name, norm, outputs, inputs, window }: Convolution, state: StateDict): FoldedConvolution {
  const kernel = numbers(state, `${name}.weight`, [outputs, inputs, window, window]);
  const gamma = numbers(state, `${norm}.weight`, [outputs]);
  const beta = numbers(state, `${norm}.bias`, [outputs]);
  const mean = numbers(state, `${norm}.running_mean`, [outputs]);
  const variance = numbers(state, `${norm}.running_var`, [outputs]);

  const weights = new Float32Array(kernel.length);
  const bias = new Float32Array(outputs);
  const perOutput = kernel.length / outputs;
  for (let output = 0; output < outputs; output++) {
    const scale = gamma[output]! / Math.sqrt(variance[output]! + EPSILON);
    bias[output] = beta[output]! - mean[output]! * scale;
    const end = (output + 1) * perOutput;
    for (let i = output * perOutput; i < end; i++) weights[i] = kernel[i]! * scale;
  }
  return { weights, bias };
}

function numbers(state: StateDict, name: string, shape: readonly number[]): Float32Array {
  const tensor = state.get(name);
  if (!tensor)
    throw new WeightsUnusable(`this is no state dict of torchvision's ResNet50: it has no ${name}`);
  if (tensor.shape.join() !== shape.join() || tensor.data.length !== elements(shape)) {
    throw new WeightsUnusable(`${name} has the shape [${tensor.shape}] where ResNet50 has [${shape}]`);
  }
  return tensor.data;
}
