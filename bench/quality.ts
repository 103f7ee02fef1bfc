/**
 * How good the answers are: `npm run quality -- [--retrieval] [--duplicates] [--json] [--quick] [--page] [--fit]
 * [--folds N] [--held-out] [--weights A,B] [--pool average,gem3] [--crop center224,whole224] [--labelled A,B] [--folders A,B]`.
 *
 * Weights are those that were set up, or names or files; several are compared. `--labelled` gives folders of one's own with a
 * folder for each class, `--folders` photos to make copies of. `--page` writes docs/quality.md. `--fit` learns the verdict on
 * duplicates anew from the pairs and writes it into the source. `--folds` judges each part of the originals by what the others
 * teach, so that no figure comes from an original that was learned from; `--held-out` takes originals of families that the
 * product's verdict never learned from.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER, modelFolder, readModelChoice } from '../local/model-choice.ts';
import type { Learned } from '../pictures/duplicates/verdict.ts';
import { CROP_MODES } from '../pictures/embedding/geometry.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { POOLS, readModelInfo } from '../pictures/embedding/model-folder.ts';
import { describeMachine, machine } from './machine.ts';
import { type DuplicateQuality, measureDuplicates } from './quality/duplicates.ts';
import { learn } from './quality/fit.ts';
import { SampleCache } from './quality/library.ts';
import { chooseOriginals } from './quality/originals.ts';
import { type ModelQuality, meanOf, qualityPage, tableOf } from './quality/page.ts';
import { measureTask, type TaskQuality, tasksHere } from './quality/retrieval.ts';

const CACHE = fileURLToPath(new URL('../.cache/quality', import.meta.url));
const PAGE = fileURLToPath(new URL('../docs/quality.md', import.meta.url));
const LEARNED = fileURLToPath(new URL('../pictures/duplicates/verdict-weights.ts', import.meta.url));

/** Enough for a first look within a minute, and for figures that are worth writing down. */
const SIZES = {
  quick: { rendered: 6, painted: 2, garments: 2, photos: 2, others: 30, classes: 5 },
  full: { rendered: 80, painted: 10, garments: 30, photos: 100, others: 3_000, classes: 8 },
} as const;

const { values } = parseArgs({
  options: {
    duplicates: { type: 'boolean' },
    retrieval: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    fit: { type: 'boolean' },
    'held-out': { type: 'boolean' },
    page: { type: 'boolean' },
    folds: { type: 'string' },
    weights: { type: 'string' },
    pool: { type: 'string' },
    crop: { type: 'string' },
    labelled: { type: 'string' },
    folders: { type: 'string' },
    cache: { type: 'string', default: CACHE },
  },
});
const size = values.quick ? SIZES.quick : SIZES.full;
const both = !values.duplicates && !values.retrieval;
const list = (text: string | undefined): string[] => text?.split(',') ?? [];

const models: ModelQuality[] = [];
for (const folder of await modelFolders()) models.push(await measure(folder));
if (values.page) await writeFile(PAGE, qualityPage(models, describeMachine(machine()), commandLine()));
if (values.json) {
  const [one, ...others] = models;
  console.log(JSON.stringify({ machine: machine(), ...(others.length === 0 ? one : { models }) }));
} else {
  console.log(describeMachine(machine()));
  for (const { retrieval, duplicates, ...about } of models) {
    console.log(about);
    if (retrieval) console.table(tableOf(retrieval));
    if (duplicates) console.log(duplicates);
  }
}

/** One for each combination that was asked for. */
async function modelFolders(): Promise<string[]> {
  if (!values.weights && !values.pool && !values.crop) return [await modelFolder()];
  // Without a word, what the weights were made for.
  const pools = values.pool ? list(values.pool).map((pool) => ({ pool: named(POOLS, pool) })) : [{}];
  const crops = values.crop ? list(values.crop).map((crop) => ({ crop: named(CROP_MODES, crop) })) : [{}];
  const variants = pools.flatMap((pool) => crops.map((crop) => ({ ...pool, ...crop })));
  const folders: string[] = [];
  const chosen = (await readModelChoice())?.weights;
  for (const weights of values.weights ? list(values.weights) : [chosen]) {
    for (const variant of variants) {
      const request = { ...(weights && { weights }), ...variant, out: MODELS_FOLDER };
      folders.push((await prepareModel(request)).folder);
    }
  }
  return folders;
}

function named<T extends string>(names: readonly T[], text: string): T {
  const name = names.find((each) => each === text);
  if (name === undefined) throw new Error(`"${text}" is none of ${names.join(', ')}`);
  return name;
}

async function measure(folder: string): Promise<ModelQuality> {
  const { modelId, synthetic, pool, crop } = await readModelInfo(folder);
  const embedder = await loadEmbedder(folder);
  const cache = new SampleCache(join(values.cache, modelId), embedder);
  const started = performance.now();
  const retrieval: TaskQuality[] = [];
  if (both || values.retrieval) {
    for (const task of await tasksHere(list(values.labelled), size.classes)) {
      const embeddings: Float32Array[] = [];
      for (const { source } of task.pictures) embeddings.push(await cache.embedding(source));
      retrieval.push(measureTask(task, embeddings));
    }
  }
  let duplicates: DuplicateQuality | undefined;
  if (both || values.duplicates) {
    const chosen = await chooseOriginals({
      ...size,
      folders: list(values.folders),
      heldOut: values['held-out'] ?? false,
    });
    const { quality, labelled } = await measureDuplicates(
      chosen,
      cache,
      values.folds ? Number(values.folds) : undefined,
    );
    if (values.fit) await writeFile(LEARNED, sourceOf(learn(labelled)));
    duplicates = quality;
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return {
    ...{ modelId, synthetic, pool, crop, seconds },
    ...(retrieval.length > 0 && { retrieval: { mean: meanOf(retrieval), tasks: retrieval } }),
    ...(duplicates && { duplicates }),
  };
}

/** What was asked for, but for names of files and folders, which mean nothing elsewhere. */
function commandLine(): string {
  const flags = process.argv.slice(2).map((each, i, all) => {
    const isPath = /^--(weights|labelled|folders|cache)$/.test(all[i - 1] ?? '') && /[./\\]/.test(each);
    return isPath ? '...' : each;
  });
  return ['npm run quality --', ...flags].join(' ');
}

function sourceOf({ means, spreads, weights }: Learned): string {
  const list = (numbers: readonly number[]) =>
    `[${numbers.map((each) => Number(each.toPrecision(4))).join(', ')}]`;
  return `/** What \`npm run quality -- --duplicates --fit\` learned of pairs of pictures; docs/duplicates.md says how. Made by it, not by hand. */

/** The mean and the spread of each measure over the pairs that were learned from. */
export const MEANS: readonly number[] = ${list(means)};
export const SPREADS: readonly number[] = ${list(spreads)};

/** Weights of the measures, then of their products, then the constant. */
export const WEIGHTS: readonly number[] = ${list(weights)};
`;
}
