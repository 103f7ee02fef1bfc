/**
 * How good the answers are: `npm run quality -- [--retrieval] [--duplicates] [--turned] [--json] [--quick] [--page] [--fit]
 * [--folds N] [--held-out] [--weights A,B] [--pool average,gem3] [--crop center224,whole224] [--labelled A,B]
 * [--folders A,B] [--reference /usr/bin/python3] [--with FILE]`.
 *
 * Weights are those that were set up, or names or files; several are compared. `--labelled` gives folders of one's own with a
 * folder for each class, `--folders` photos to make copies and parts of. `--reference` names a Python with torch, torchvision and
 * Pillow, and measures the same tasks with it, for weights that are a `.pth` file. `--with` adds what an earlier
 * run printed with `--json`, for the same models. `--turned` measures by itself how many more turned and mirrored
 * copies have their original among the candidates when they are asked for in all turns. `--page` writes docs/quality.md. `--fit` learns the verdict on
 * duplicates anew from the pairs and writes it into the source. `--folds` judges each part of the originals by what the others
 * teach, so that no figure comes from an original that was learned from; `--held-out` takes originals of families that the
 * product's verdict never learned from.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MODELS_FOLDER } from '../local/model-choice.ts';
import type { Learned } from '../pictures/duplicates/verdict.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { readModelInfo } from '../pictures/embedding/model-folder.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import { describeMachine, machine } from './machine.ts';
import { type DuplicateQuality, measureDuplicates } from './quality/duplicates.ts';
import { learn } from './quality/fit.ts';
import { SampleCache } from './quality/library.ts';
import { chosenModels, list } from './quality/models.ts';
import { chooseOriginals } from './quality/originals.ts';
import { type ModelQuality, meanOf, qualityPage, tableOf } from './quality/page.ts';
import { measureReference, type ReferenceQuality } from './quality/reference.ts';
import { measureTask, type TaskQuality } from './quality/retrieval.ts';
import { tasksHere } from './quality/tasks.ts';
import { measureTurned, type TurnedQuality } from './quality/turned.ts';

const CACHE = fileURLToPath(new URL('../.cache/quality', import.meta.url));
const PAGE = fileURLToPath(new URL('../docs/quality.md', import.meta.url));
const LEARNED = fileURLToPath(new URL('../pictures/duplicates/verdict-weights.ts', import.meta.url));

/** Enough for a first look within a minute, and for figures that are worth writing down. */
const SIZES = {
  quick: { rendered: 5, painted: 1, garments: 2, photos: 2, others: 20, classes: 5 },
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
    turned: { type: 'boolean' },
    reference: { type: 'string' },
    with: { type: 'string' },
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
const both = !values.duplicates && !values.retrieval && !values.turned;

const models: ModelQuality[] = [];
const earlier = values.with ? modelsOf(JSON.parse(await readFile(values.with, 'utf8'))) : [];
const folders = await chosenModels(values, MODELS_FOLDER).catch((error: unknown) => {
  // No weights, no network: a sentence says it.
  if (!(error instanceof LikenessError)) throw error;
  console.error(`${error.message}.`);
  process.exit(1);
});
for (const folder of folders) {
  const measured = await measure(folder);
  models.push({ ...earlier.find(({ modelId }) => modelId === measured.modelId), ...measured });
}
if (values.page) await writeFile(PAGE, qualityPage(models, describeMachine(machine()), commandLine()));
if (values.json) {
  const [one, ...others] = models;
  console.log(JSON.stringify({ machine: machine(), ...(others.length === 0 ? one : { models }) }));
} else {
  console.log(describeMachine(machine()));
  for (const { retrieval, reference, duplicates, turned, ...about } of models) {
    console.log(about);
    if (retrieval) console.table(tableOf(retrieval));
    if (reference) console.table({ ours: reference.ours.plain, theirs: reference.theirs.plain });
    if (duplicates) console.log(duplicates);
    if (turned) console.log(turned);
  }
}

/** What `--json` printed. */
function modelsOf(
  printed: ModelQuality | { readonly models: readonly ModelQuality[] },
): readonly ModelQuality[] {
  return 'models' in printed ? printed.models : [printed];
}

async function measure(folder: string): Promise<ModelQuality> {
  const { modelId, synthetic, pool, crop } = await readModelInfo(folder);
  const embedder = await loadEmbedder(folder);
  const cache = new SampleCache(join(values.cache, modelId), embedder);
  const started = performance.now();
  const retrieval: TaskQuality[] = [];
  let reference: ReferenceQuality | undefined;
  if (both || values.retrieval) {
    const tasks = await tasksHere(list(values.labelled), size.classes, list(values.folders));
    if (values.reference && pool === 'average' && crop === 'center224')
      reference = await measureReference(tasks, cache, {
        ...{ python: values.reference, threads: availableParallelism() },
        weights: pthFile(),
      });
    for (const task of tasks) {
      const embeddings: Float32Array[] = [];
      for (const { source } of task.pictures) embeddings.push(await cache.embedding(source));
      retrieval.push(measureTask(task, embeddings));
    }
  }
  let duplicates: DuplicateQuality | undefined;
  let turned: TurnedQuality | undefined;
  if (both || values.duplicates || values.turned) {
    const chosen = await chooseOriginals({
      ...size,
      folders: list(values.folders),
      heldOut: values['held-out'] ?? false,
    });
    if (values.turned) turned = await measureTurned(chosen, cache);
    if (both || values.duplicates) {
      const { quality, labelled } = await measureDuplicates(chosen, cache, {
        ...(values.folds && { folds: Number(values.folds) }),
      });
      if (values.fit) await writeFile(LEARNED, sourceOf(learn(labelled)));
      duplicates = quality;
    }
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return {
    ...{ modelId, synthetic, pool, crop, seconds },
    ...(retrieval.length > 0 && { retrieval: { mean: meanOf(retrieval), tasks: retrieval } }),
    ...(reference && { reference: withMeans(reference) }),
    ...(duplicates && { duplicates }),
    ...(turned && { turned }),
  };
}

/** The reference loads what torch has saved. */
function pthFile(): string {
  const [weights, ...others] = list(values.weights);
  if (weights === undefined || others.length > 0 || !/\.pth$/.test(weights))
    throw new Error('--reference needs --weights FILE, one .pth file of torch');
  return resolve(weights);
}

function withMeans({ versions, tasks }: ReferenceQuality): NonNullable<ModelQuality['reference']> {
  const [ours, theirs] = [meanOf(tasks.map((each) => each.ours)), meanOf(tasks.map((each) => each.theirs))];
  return { versions, tasks, ours, theirs };
}

/** What was asked for, but for names of files and folders, which mean nothing elsewhere. */
function commandLine(): string {
  const flags = process.argv.slice(2).map((each, i, all) => {
    const isPath =
      /^--(weights|labelled|folders|cache|reference|with)$/.test(all[i - 1] ?? '') && /[./\\]/.test(each);
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
