/** From the name of weights to a folder with a model; does nothing when the folder has it already. */

import { createHash } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  descriptionFile,
  type ModelDescription,
  modelFile,
  readModelInfo,
} from '../../core/embedding/model-folder.ts';
import { PREPROCESSING } from '../../core/embedding/preprocessing.ts';
import type { Progress } from './download.ts';
import { foldBatchNorm } from './fold.ts';
import { float32Graph } from './graph.ts';
import { DEFAULT_WEIGHTS, weightsSource } from './weights.ts';

export interface ModelRequest {
  /** `imagenet1k-v2` (default), `imagenet1k-v1`, `synthetic`, or the path of a `.pth` or `.safetensors` file. */
  readonly weights?: string;
  /** @default 'fp32' */
  readonly precision?: 'fp32';
  /** Folder of all models; each has its own folder there, and downloads are kept beside them. */
  readonly out: string;
  /** Hears how far a download is. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface PreparedModel {
  /** Holds `model.onnx` and `model.json`. */
  readonly folder: string;
  readonly model: ModelDescription;
  /** `false` when it was there already. */
  readonly built: boolean;
}

/** Raise it when the same weights should give another file. */
const BUILDER = 1;

/**
 * @throws WeightsUnusable when the weights are unknown, damaged or not of ResNet50;
 *   DownloadFailed when they could not be had.
 */
export async function prepareModel(request: ModelRequest): Promise<PreparedModel> {
  const { weights = DEFAULT_WEIGHTS, precision = 'fp32', out, onProgress = () => {} } = request;
  const source = weightsSource(weights, join(out, 'downloads'));
  const folder = join(out, source.name);
  const made = `builder ${BUILDER}, ${PREPROCESSING}, weights ${await source.fingerprint()}`;
  const existing = await readModelInfo(folder).catch(() => undefined);
  if (
    existing?.source === made &&
    (await stat(modelFile(folder)).catch(() => undefined))?.size === existing.bytes
  ) {
    return { folder, model: existing, built: false };
  }

  const graph = float32Graph(foldBatchNorm(await source.read(onProgress)));
  const bytes = graph.encode({ preprocessing: PREPROCESSING });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const model: ModelDescription = {
    modelId: `${source.name}-${sha256.slice(0, 8)}`,
    weights: source.name,
    synthetic: source.synthetic,
    precision,
    sha256,
    bytes: bytes.length,
    source: made,
  };
  await mkdir(folder, { recursive: true });
  await replaceFile(modelFile(folder), bytes);
  await replaceFile(descriptionFile(folder), `${JSON.stringify(model, null, 2)}\n`);
  return { folder, model, built: true };
}

/** Writes a file so that nobody ever sees half of it. */
async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}
