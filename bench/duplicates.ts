/**
 * How long it takes to compare pictures with one another: `npm run bench:duplicates [-- --json] [--quick] [--pictures
 * 10000]`. Up to 100,000.
 */

import { parseArgs } from 'node:util';

import { readModelChoice } from '../local/model-choice.ts';
import { type DuplicateSource, findDuplicates } from '../pictures/duplicates/find-duplicates.ts';
import { describeMachine, machine } from './machine.ts';
import { deleteMadeUp, type Embeddings, madeUpEmbeddings, realEmbeddings } from './search/embeddings.ts';
import { codesOf, loadMatrix } from './search/ours.ts';

const {
  values: { quick, json, pictures: asked },
} = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    pictures: { type: 'string', default: '10000' },
  },
});
const PICTURES = quick ? 500 : Number(asked);
const MIN_SCORE = 0.97;

const all = quick ? await madeUpEmbeddings(PICTURES) : await embeddings();
const { file, modelId, synthetic } = all;
const matrix = await loadMatrix(file, PICTURES);
const { codes } = await codesOf(matrix);
const read = async (rows: readonly number[]) => rows.map((row) => matrix.row(row));
let passes = 0;
const source: DuplicateSource = {
  rows: Array.from({ length: PICTURES }, (_, row) => row),
  read,
  search: async (queries, options) => {
    passes++;
    return (await codes.search(queries, options, read)).hits;
  },
};

const start = performance.now();
let groups = 0;
let pictures = 0;
let longestStepMs = 0;
let stepStart = start;
for await (const step of findDuplicates(source, { minScore: MIN_SCORE })) {
  groups += step.groups.length;
  pictures += step.groups.reduce((total, { rows }) => total + rows.length, 0);
  longestStepMs = Math.max(longestStepMs, performance.now() - stepStart);
  stepStart = performance.now();
}
const seconds = (performance.now() - start) / 1000;

if (json) {
  console.log(
    JSON.stringify({
      machine: machine(),
      modelId,
      synthetic,
      pictures: PICTURES,
      seconds,
      passes,
      groups,
      longestStepMs,
    }),
  );
} else {
  console.log(describeMachine(machine()));
  console.log(`${PICTURES} pictures, crops and flips, embedded with ${modelId}, minScore ${MIN_SCORE}`);
  console.log(`${seconds.toFixed(1)} s in ${passes} passes, the longest step ${longestStepMs.toFixed(0)} ms`);
  console.log(`${groups} groups of ${pictures} pictures in all`);
}
if (quick) await deleteMadeUp(all);

async function embeddings(): Promise<Embeddings> {
  const { folder } = (await readModelChoice()) ?? {};
  if (!folder) throw new Error('no model: run "npm run setup" first');
  return realEmbeddings(folder, () => {});
}
