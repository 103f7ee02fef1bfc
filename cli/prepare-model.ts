/** Builds the model that this machine uses, and remembers which one that is. */

import { type PreparedModel, prepareModel } from '../layers/onnx-resnet50/build.ts';
import { DownloadFailed, WeightsUnusable } from '../layers/onnx-resnet50/errors.ts';
import { canReach } from '../layers/onnx-resnet50/reach.ts';
import { DEFAULT_WEIGHTS, SYNTHETIC_WEIGHTS } from '../layers/onnx-resnet50/weights.ts';
import { MODELS_FOLDER, type ModelChoice, readModelChoice, writeModelChoice } from '../local/model-choice.ts';
import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import { readModelInfo } from '../pictures/embedding/model-folder.ts';
import { CommandFailed } from './errors.ts';
import { megabytes, type Progress, startProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** Where the official weights come from, to see cheaply whether they can be had. */
const WEIGHTS_HOST = 'https://download.pytorch.org/';

const SYNTHETIC_NOTICE = `
  *** SYNTHETIC WEIGHTS ***
  This model has random weights. Everything runs, and copies of a picture are found, but pictures that mean the same
  are not. Do not judge the answers by it. For real weights, any one of:
  - npx likeness-search setup                                     where download.pytorch.org can be reached
  - npx likeness-search setup --weights /path/to/resnet50.pth   (a state dict of torchvision's ResNet50, or .safetensors)
`;

type Precision = ModelInfo['precision'];
/** What makes another model of the same weights; pool and crop where they are not those that the weights were made for. */
type Variant = Pick<ModelChoice, 'precision' | 'pool' | 'crop'>;

/** What was asked for this time; what is not given stays as it is. */
interface Asked {
  /** A name, or the path of a file. */
  readonly weights: string | undefined;
  readonly precision: Precision | undefined;
  readonly pool: ModelChoice['pool'] | undefined;
  readonly crop: ModelChoice['crop'] | undefined;
}

/**
 * Prepares the weights that are asked for, else those chosen before, else the default ones; and synthetic ones only
 * where nobody chose and the default ones cannot be downloaded. Takes a moment when they are there already.
 *
 * @throws CommandFailed when weights that someone chose cannot be had
 */
export async function prepareChosenModel(asked: Asked, terminal: Terminal): Promise<void> {
  const before = await readModelChoice();
  const chosen = asked.weights ?? (before?.fallback ? undefined : before?.weights);
  const precision = asked.precision ?? before?.precision ?? 'fp32';
  // Other weights may have been made for another pool and crop.
  const isSame = asked.weights === undefined || asked.weights === before?.weights;
  const pool = asked.pool ?? (isSame ? before?.pool : undefined);
  const crop = asked.crop ?? (isSame ? before?.crop : undefined);
  const variant = { precision, ...(pool && { pool }), ...(crop && { crop }) };
  const isAsked = Object.values(asked).some((each) => each !== undefined);
  if (precision === 'int8' && before?.precision !== 'int8') {
    terminal.err('Model: int8 is calibrated on pictures the first time, which takes about a minute.');
  }
  const { prepared, weights, fallback } = await (chosen
    ? buildChosen(terminal, chosen, variant, isAsked ? undefined : before)
    : buildDefault(terminal, variant, before?.fallback));
  const made = { pool: prepared.model.pool, crop: prepared.model.crop };
  await writeModelChoice({ weights, precision, ...made, folder: prepared.folder, fallback });
  terminal.err(`Model: ${prepared.model.modelId} ${prepared.built ? 'is built' : 'is there'}.`);
  if (prepared.model.synthetic) terminal.err(SYNTHETIC_NOTICE);
}

interface Built {
  readonly prepared: PreparedModel;
  readonly weights: string;
  readonly fallback: boolean;
}

/** @param before what was built from these weights earlier, which will do should they be gone by now */
async function buildChosen(
  terminal: Terminal,
  weights: string,
  variant: Variant,
  before?: ModelChoice,
): Promise<Built> {
  try {
    return { prepared: await build(terminal, weights, variant), weights, fallback: false };
  } catch (error) {
    if (!(error instanceof WeightsUnusable || error instanceof DownloadFailed)) throw error;
    const model = before && (await readModelInfo(before.folder).catch(() => undefined));
    if (model) {
      terminal.err(`Model: ${error.message}; going on with the model that was built from them.`);
      return { prepared: { folder: before.folder, model, built: false }, weights, fallback: false };
    }
    throw new CommandFailed(`Model: ${error.message}.

Ways to continue, any one of them:
- npx likeness-search setup --weights /path/to/resnet50.pth   (a state dict of torchvision's ResNet50, or .safetensors)
- npx likeness-search setup --weights imagenet1k-v2           (downloads the default weights)
- npx likeness-search setup --weights synthetic               (random weights: everything runs, but no likeness of meaning)`);
  }
}

async function buildDefault(terminal: Terminal, variant: Variant, failedBefore = false): Promise<Built> {
  // Where it failed before, it must not cost every start the patience that a first download deserves.
  const worthTrying = !failedBefore || (await canReach(WEIGHTS_HOST, 1_000));
  try {
    if (worthTrying)
      return {
        prepared: await build(terminal, DEFAULT_WEIGHTS, variant),
        weights: DEFAULT_WEIGHTS,
        fallback: false,
      };
  } catch (error) {
    if (!(error instanceof DownloadFailed)) throw error;
    terminal.err(`Model: ${error.message}.`);
  }
  return {
    prepared: await build(terminal, SYNTHETIC_WEIGHTS, variant),
    weights: SYNTHETIC_WEIGHTS,
    fallback: true,
  };
}

async function build(terminal: Terminal, weights: string, variant: Variant): Promise<PreparedModel> {
  let bar: Progress | undefined;
  try {
    return await prepareModel({
      weights,
      ...variant,
      out: MODELS_FOLDER,
      onProgress({ done, total = done }) {
        bar ??= startDownload(terminal, weights, total);
        bar.update(done, total);
      },
    });
  } finally {
    bar?.stop();
  }
}

function startDownload(terminal: Terminal, weights: string, total: number): Progress {
  terminal.err(`Model: downloading the weights ${weights}, ${megabytes(total)}.`);
  return startProgress({ title: 'Downloading', total, format: megabytes });
}
