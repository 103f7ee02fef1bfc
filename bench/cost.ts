/**
 * The seconds that the cost model counts with: `npm run bench:cost [-- --json] [-- --quick] [-- --write]`.
 *
 * The API answers in this process from an index in memory, so what is measured is computing; the model adds what S3
 * takes. `--write` puts the figures into scripts/cost/measured.json, and `npm run cost` makes the page of them.
 */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { createApp } from '../functions/search/app.ts';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER } from '../local/model-choice.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { MemoryStore } from '../vectorlog/testing/memory-store.ts';
import { writeIndex } from './cold/write-index.ts';
import { describeMachine, machine } from './machine.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const SMALL = 1_000;
const LARGE = options.quick ? 5_000 : 40_000;
const ROUNDS = options.quick ? 3 : 30;
const PICTURES = options.quick ? 2 : 12;

const { folder } = await prepareModel({ weights: 'synthetic', out: MODELS_FOLDER });
const embedder = await loadEmbedder(folder);

/** Seconds of one search by key over so many pictures, the fastest of many: a function has its cores to itself, this machine may not. */
async function searchSeconds(pictures: number): Promise<number> {
  const index = new MemoryStore();
  await writeIndex(index, embedder.model.modelId, pictures);
  const app = createApp({
    pictures: new MemoryStore(),
    index,
    embedder,
    clock: systemClock,
    logger: silentLogger,
    uploads: { sign: () => Promise.reject(new Error('nothing is uploaded here')) },
    pictureUrl: async (key) => `https://pictures.example.com/${key}`,
    defaultConsistency: 'strong',
    memoryBudgetBytes: 2 ** 34,
  });
  return seconds(ROUNDS, async (round) => {
    const body = JSON.stringify({ key: `picture-${round * 7}.jpg` });
    const headers = { 'content-type': 'application/json' };
    const answer = await app.request('/v1/search?k=10', { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.arrayBuffer();
  });
}

async function seconds(rounds: number, work: (round: number) => Promise<unknown>): Promise<number> {
  await work(0);
  const figures: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const start = performance.now();
    await work(round);
    figures.push((performance.now() - start) / 1000);
  }
  return Math.min(...figures);
}

/** A JPEG of noise, softened so that it compresses like a photo. */
const jpeg = (width: number): Promise<Buffer> =>
  sharp(randomBytes(1000 * 750 * 3), { raw: { width: 1000, height: 750, channels: 3 } })
    .resize(width, (width * 3) / 4)
    .jpeg({ quality: 85 })
    .toBuffer();
/** Twelve million pixels, as a telephone makes them; and what the console makes of it before it asks. */
const [photo, query] = await Promise.all([jpeg(4_000), jpeg(1_024)]);

const small = await searchSeconds(SMALL);
const large = await searchSeconds(LARGE);
const figures = {
  secondsPerEmbedding: await seconds(PICTURES, () => embedder.embed([photo])),
  secondsPerQueryPicture: await seconds(PICTURES, () => embedder.embed([query])),
  secondsPerSearch: small,
  scanSecondsPerPicture: Math.max(0, large - small) / (LARGE - SMALL),
};
const rounded = Object.fromEntries(
  Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(3))]),
);
const measured = { on: describeMachine(machine()), ...rounded };
if (options.write) {
  const file = fileURLToPath(new URL('../scripts/cost/measured.json', import.meta.url));
  await writeFile(file, `${JSON.stringify(measured, undefined, 2)}\n`);
}
if (options.json)
  console.log(
    JSON.stringify({ machine: machine(), photoBytes: photo.length, queryBytes: query.length, ...figures }),
  );
else console.log(measured);
process.exit(0);
