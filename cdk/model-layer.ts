/** The layer that carries the network, and what its description says of it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import type { LambdaArchitecture } from './bundling/native-packages.ts';
import { LAMBDA_ARCHITECTURES, RUNTIME } from './likeness-function.ts';

/** Random weights were about to be deployed as if they were real. */
export class SyntheticWeights extends LikenessError {
  readonly retryable = false;
}

/** What the model in a layer's folder is. */
export function readModel(layer: string): ModelInfo {
  return JSON.parse(readFileSync(join(layer, 'model', 'model.json'), 'utf8')) as ModelInfo;
}

/**
 * Random weights find near-duplicates and nothing else, and nobody should notice that only after paying for it.
 *
 * @throws SyntheticWeights unless they were asked for by name
 */
export function refuseSynthetic(model: ModelInfo, weights: string | undefined): void {
  if (!model.synthetic || weights === 'synthetic') return;
  throw new SyntheticWeights(
    `the model ${model.modelId} has synthetic (random) weights, which find no likeness of meaning.
  To get the real ones:        npx cdk deploy -c weights=imagenet1k-v2   (downloads 98 MB from download.pytorch.org)
  From a file you downloaded:  npx cdk deploy -c weights=path/to/resnet50-11ad3fa6.pth
  To deploy random ones:       npx cdk deploy -c weights=synthetic`,
  );
}

export function modelLayer(
  scope: Construct,
  id: string,
  folder: string,
  model: ModelInfo,
  architecture: LambdaArchitecture,
): LayerVersion {
  return new LayerVersion(scope, id, {
    description: `ResNet50 (${model.modelId}, ${model.precision}) and ONNX Runtime`,
    code: Code.fromAsset(folder),
    compatibleRuntimes: [RUNTIME],
    compatibleArchitectures: [LAMBDA_ARCHITECTURES[architecture]],
  });
}
