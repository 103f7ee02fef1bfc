/**
 * How good the answers are: `npm run quality -- --duplicates [--json] [--quick] [--weights FILE] [--folders A,B] [--fit] [--folds N]`.
 *
 * Weights are those that were set up, or a name or file. `--folders` gives photos of one's own. `--fit` learns the
 * verdict anew from the pairs and writes it into the source. `--folds` judges each part of the originals by what the others
 * teach, so that no figure comes from an original that was learned from.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER, modelFolder } from '../local/model-choice.ts';
import type { Learned } from '../pictures/duplicates/verdict.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { describeMachine, machine } from './machine.ts';
import { measureDuplicates } from './quality/duplicates.ts';
import { learn } from './quality/fit.ts';
import { SampleCache } from './quality/library.ts';
import { chooseOriginals } from './quality/originals.ts';

const CACHE = fileURLToPath(new URL('../.cache/quality', import.meta.url));
const LEARNED = fileURLToPath(new URL('../pictures/duplicates/verdict-weights.ts', import.meta.url));

/** Enough for a first look within a minute, and for figures that are worth writing down. */
const SIZES = {
  quick: { rendered: 5, painted: 2, photos: 2, others: 30 },
  full: { rendered: 26, painted: 8, photos: 100, others: 300 },
} as const;

const { values } = parseArgs({
  options: {
    duplicates: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    fit: { type: 'boolean' },
    folds: { type: 'string' },
    weights: { type: 'string' },
    folders: { type: 'string' },
    cache: { type: 'string', default: CACHE },
  },
});
if (!values.duplicates) throw new Error('say what to measure: --duplicates');

const folder = values.weights
  ? (await prepareModel({ weights: values.weights, out: MODELS_FOLDER })).folder
  : await modelFolder();
const embedder = await loadEmbedder(folder);
const size = values.quick ? SIZES.quick : SIZES.full;
const chosen = await chooseOriginals({ ...size, folders: values.folders?.split(',') ?? [] });
const cache = new SampleCache(join(values.cache, embedder.model.modelId), embedder);
const started = performance.now();
const { quality, labelled } = await measureDuplicates(
  chosen,
  cache,
  values.folds ? Number(values.folds) : undefined,
);
if (values.fit) await writeFile(LEARNED, sourceOf(learn(labelled)));

const seconds = Math.round((performance.now() - started) / 100) / 10;
if (values.json) {
  const { modelId, synthetic } = embedder.model;
  console.log(JSON.stringify({ machine: machine(), modelId, synthetic, seconds, duplicates: quality }));
} else {
  console.log(describeMachine(machine()));
  console.log(`${embedder.model.modelId}, ${seconds} s`);
  console.log(quality);
}

function sourceOf({ means, spreads, weights }: Learned): string {
  const list = (numbers: readonly number[]) =>
    `[${numbers.map((each) => Number(each.toPrecision(4))).join(', ')}]`;
  return `/** What \`npm run quality -- --duplicates --fit\` learned of pairs of pictures; docs/duplicates.md says how. Made by it, not by hand. */

/** The mean and the spread of each measure over the pairs that were learned from. */
export const MEANS: readonly number[] = ${list(means)};
export const SPREADS: readonly number[] = ${list(spreads)};

/** Weights of the measures, then of their products (each with itself and those after it), then the constant. */
export const WEIGHTS: readonly number[] = ${list(weights)};
`;
}
