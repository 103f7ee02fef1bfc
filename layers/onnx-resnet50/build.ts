/** From the name of weights to a folder with a model; does nothing when the folder has it already. */

import { createHash } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAYS_DIMENSIONS } from '../../pictures/dimensions.ts';
import { type CropMode, PREPROCESSING, sideOf } from '../../pictures/embedding/geometry.ts';
import {
  descriptionFile,
  type ModelDescription,
  modelFile,
  readModelInfo,
} from '../../pictures/embedding/model-folder.ts';
import { FEATURES } from './architecture.ts';
import { calibrate } from './calibrate.ts';
import { calibrationCrops, calibrationFolder } from './calibration-pictures.ts';
import type { Progress } from './download.ts';
import { foldBatchNorm } from './fold.ts';
import { float32Graph, type Pool } from './graph.ts';
import { int8Graph } from './int8-graph.ts';
import { DEFAULT_WEIGHTS, weightsSource } from './weights.ts';

export interface ModelRequest {
  /** `imagenet1k-v2` (default), `imagenet1k-v1`, `sscd`, `synthetic`, or the path of a `.pth` or `.safetensors` file. */
  readonly weights?: string;
  /** `int8` is faster and a quarter of the size, and a little less exact. @default 'fp32' */
  readonly precision?: 'fp32' | 'int8';
  /** How feature maps become features; another one is another model. @default 'average', for `sscd` 'gem3' */
  readonly pool?: Pool;
  /** What of a picture the network sees; another one is another model. @default 'center224', for `sscd` 'whole320' */
  readonly crop?: CropMode;
  /** Folder of pictures like those that will be indexed, to calibrate int8 on. @default drawings of a package */
  readonly calibration?: string;
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
 *   DownloadFailed when they could not be had; CalibrationImpossible when int8 has no pictures to be calibrated on.
 */
export async function prepareModel(request: ModelRequest): Promise<PreparedModel> {
  const { weights = DEFAULT_WEIGHTS, precision = 'fp32', out, onProgress = () => {} } = request;
  const source = weightsSource(weights, join(out, 'downloads'));
  const { pool = source.pool, crop = source.crop } = request;
  const pictures = precision === 'int8' ? calibrationFolder(request.calibration) : undefined;
  const name = [
    source.name,
    ...(pool === source.pool ? [] : [pool]),
    ...(crop === source.crop ? [] : [crop]),
  ].join('-');
  const folder = join(out, pictures ? `${name}-int8` : name);
  const preprocessing = PREPROCESSING[crop];
  const made = [
    `builder ${BUILDER}, ${preprocessing}, weights ${await source.fingerprint(onProgress)}`,
    ...(pool === 'average' ? [] : [`pool ${pool}`]),
    ...(pictures ? [`calibrated on ${pictures}`] : []),
  ].join(', ');
  const existing = await readModelInfo(folder).catch(() => undefined);
  if (
    existing?.source === made &&
    (await stat(modelFile(folder)).catch(() => undefined))?.size === existing.bytes
  ) {
    return { folder, model: existing, built: false };
  }

  const folded = foldBatchNorm(await source.read(onProgress));
  const side = sideOf(crop);
  const graph = pictures
    ? int8Graph(folded, await calibrate(folded, await calibrationCrops(pictures, crop)), { pool, side })
    : float32Graph(folded, { pool, side });
  const bytes = graph.encode({ preprocessing });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const model: ModelDescription = {
    modelId: `${name}${saidDimensions(name, folded.projection?.outputs)}-${sha256.slice(0, 8)}`,
    weights: source.name,
    synthetic: source.synthetic,
    precision,
    pool,
    crop,
    sha256,
    bytes: bytes.length,
    source: made,
  };
  await mkdir(folder, { recursive: true });
  await replaceFile(modelFile(folder), bytes);
  await replaceFile(descriptionFile(folder), `${JSON.stringify(model, null, 2)}\n`);
  return { folder, model, built: true };
}

/** What `dimensionsOf` reads; said too where the name looks as if it said others. */
function saidDimensions(name: string, projected: number | undefined): string {
  if (projected !== undefined) return `-${projected}d`;
  return SAYS_DIMENSIONS.test(name) ? `-${FEATURES}d` : '';
}

/** Writes a file so that nobody ever sees half of it. */
async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, content);
  await rename(part, path);
}
