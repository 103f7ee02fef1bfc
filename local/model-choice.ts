/** Which model this installation uses: chosen by `likeness setup`, read by everything that embeds on this machine. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VARIABLES } from '../functions/environment.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import type { ModelDescription } from '../pictures/embedding/model-folder.ts';
import { LikenessError } from '../vectorlog/errors.ts';

/** The root of the package; this file and the bundle made of it both stand one folder below. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** In a clone its own folder; where npm installed the package, npm may delete any file beside it at the next update. */
const CACHE = ROOT.split(/[\\/]/).includes('node_modules') ? userCache() : join(ROOT, '.cache');

/** Where models and downloads are kept. */
export const MODELS_FOLDER = join(CACHE, 'models');

const CHOICE_FILE = join(CACHE, 'model.json');

/** The folder for what can be made again, as each system has it. */
function userCache(): string {
  const folder =
    process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Caches')
      : process.platform === 'win32'
        ? (process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
        : process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(folder, packageJson.name);
}

export interface ModelChoice {
  /** The weights as they were asked for: a name or a path. */
  readonly weights: string;
  readonly precision: ModelInfo['precision'];
  /** Absent in choices of versions before 0.3: `average`. */
  readonly pool?: ModelDescription['pool'];
  /** Absent in choices of versions before 0.3: `center224`. */
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
