/** Which model this installation uses: chosen by `likeness setup`, read by everything that embeds on this machine. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VARIABLES } from '../functions/environment.ts';
import { CACHE_FOLDER } from '../layers/onnx-resnet50/cache-folder.ts';
import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import type { ModelDescription } from '../pictures/embedding/model-folder.ts';
import { LikenessError } from '../vectorlog/errors.ts';

/** Where models and downloads are kept. */
export const MODELS_FOLDER = join(CACHE_FOLDER, 'models');

const CHOICE_FILE = join(CACHE_FOLDER, 'model.json');

export interface ModelChoice {
  /** The weights as they were asked for: a name or a path. */
  readonly weights: string;
  readonly precision: ModelInfo['precision'];
  /** Absent in choices of versions before 0.3: what the weights were made for. */
  readonly pool?: ModelDescription['pool'];
  /** As `pool`. */
  readonly crop?: ModelDescription['crop'];
  /** Holds `model.onnx` and `model.json`. */
  readonly folder: string;
  /** Nobody asked for these weights; the ones that were wanted could not be downloaded. */
  readonly fallback: boolean;
}

/** No model was prepared. */
export class ModelMissing extends LikenessError {
  readonly retryable = false;
}

export async function readModelChoice(): Promise<ModelChoice | undefined> {
  try {
    return JSON.parse(await readFile(CHOICE_FILE, 'utf8')) as ModelChoice;
  } catch {
    return undefined;
  }
}

export async function writeModelChoice(choice: ModelChoice): Promise<void> {
  await mkdir(dirname(CHOICE_FILE), { recursive: true });
  await writeFile(CHOICE_FILE, `${JSON.stringify(choice, null, 2)}\n`);
}

/** The folder of the model to use: the one the environment names, or the one that was set up. @throws ModelMissing */
export async function modelFolder(): Promise<string> {
  const folder = process.env[VARIABLES.modelFolder] || (await readModelChoice())?.folder;
  if (!folder)
    throw new ModelMissing(
      'no model has been prepared on this machine; run "npx likeness-search setup" first',
    );
  return folder;
}
