/**
 * The seconds and bytes that the cost model counts with: `npm run bench:cost [-- --json] [-- --quick] [-- --write]`.
 *
 * The API answers in this process from an index in memory, so what is measured is computing; the model adds what S3
 * takes. `--write` puts the figures into scripts/cost/measured.json, and `npm run cost` makes the page of them. Each figure
 * is the median of its rounds; what a picture more costs a scan is the median of differences, each of two searches in a row, over few
 * and over many pictures, so that a slow moment of the machine falls on both.
 */

import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import { createApp } from '../functions/search/app.ts';
import { s3Signer } from '../functions/search/s3-signer.ts';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER } from '../local/model-choice.ts';
import { PictureDecoder } from '../pictures/decoding/decoder.ts';
import { DIMENSIONS } from '../pictures/dimensions.ts';
import type { Embedder } from '../pictures/embedding/embedder.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { thumbnailMaker } from '../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { Compactor } from '../vectorlog/commit/compaction.ts';
import { latestManifest } from '../vectorlog/commit/newest-manifest.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { MemoryStore } from '../vectorlog/testing/memory-store.ts';
import { appendPictures, writeIndex } from './cold/write-index.ts';
import { counted } from './cost/counted.ts';
import { describeMachine, machine } from './machine.ts';
import { median } from './median.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const SMALL = 1_000;
const LARGE = options.quick ? 5_000 : 20_000;
const ROUNDS = options.quick ? 3 : 21;
const PICTURES = options.quick ? 2 : 12;
/** Of a minute in which pictures keep coming. */
const APPENDS = 30;
const PER_APPEND = 10;
const COMPACTIONS = options.quick ? 1 : 5;

const decoder = new PictureDecoder();
async function embedderOf(precision: 'fp32' | 'int8'): Promise<Embedder> {
  const { folder } = await prepareModel({ weights: 'synthetic', precision, out: MODELS_FOLDER });
  return loadEmbedder(folder, { decoder });
}
const embedder = await embedderOf('fp32');
const makeThumbnail = thumbnailMaker(decoder);

/** As long as those of the role of a function. */
const SESSION_TOKEN = 'x'.repeat(1_000);
const credentials = {
  accessKeyId: 'A'.repeat(20),
  secretAccessKey: 's'.repeat(40),
  sessionToken: SESSION_TOKEN,
};
const signer = s3Signer({
  client: new S3Client({ region: 'us-east-1', credentials }),
  bucket: 'my-photos',
  clock: systemClock,
});

/** Makes what searches by key over so many pictures and gives the bytes of the answer. */
async function searchOver(index: MemoryStore): Promise<(round: number) => Promise<number>> {
  const app = createApp({
    pictures: new MemoryStore(),
    index,
    embedder,
    clock: systemClock,
    logger: silentLogger,
    ...signer,
    defaultConsistency: 'strong',
    memoryBudgetBytes: 2 ** 34,
  });
  return async (round) => {
    const body = JSON.stringify({ key: `picture-${round * 7}.jpg` });
    const headers = { 'content-type': 'application/json' };
    const answer = await app.request('/v1/search?k=10', { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.arrayBuffer()).byteLength;
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Seconds, the median of some rounds after one that does not count. */
async function seconds(rounds: number, work: (round: number) => Promise<unknown>): Promise<number> {
  await work(0);
  const figures: number[] = [];
  for (let round = 1; round <= rounds; round++) figures.push(await timed(() => work(round)));
  return median(figures);
}

async function indexOf(pictures: number): Promise<MemoryStore> {
  const index = new MemoryStore();
  await writeIndex(index, embedder.model.modelId, pictures);
  return index;
}

/** Seconds of a compaction that is warm and folds what a minute brings, and what it asks of the store. */
async function compacting(store: MemoryStore) {
  const requests = { reads: 0, writes: 0 };
  const index = counted(store, requests);
  const { modelId } = embedder.model;
  const compactor = new Compactor({
    ...{ index, modelId, dimensions: DIMENSIONS, clock: systemClock, logger: silentLogger },
  });
  const figures: number[] = [];
  for (let round = 0; round <= COMPACTIONS; round++) {
    const prefix = `round-${round}`;
    await appendPictures(store, APPENDS * PER_APPEND, { perAppend: PER_APPEND, prefix });
    requests.reads = 0;
    requests.writes = 0;
    figures.push(await timed(() => compactor.run()));
  }
  return { secondsPerCompaction: median(figures.slice(1)), ...requests };
}

/**
 * Seconds of an embedding, what a small copy beside it adds, and how many times as many int8 does in the same time: they
 * take turns, and each is the median of what it is to the plain one before it.
 */
async function embedding() {
  const int8 = await embedderOf('int8');
  const alone: number[] = [];
  const added: number[] = [];
  const ratios: number[] = [];
  await embedder.embed([photo], { thumbnail: true });
  await int8.embed([photo]);
  for (let round = 0; round < PICTURES; round++) {
    const seconds = await timed(() => embedder.embed([photo]));
    alone.push(seconds);
    added.push((await timed(() => embedder.embed([photo], { thumbnail: true }))) - seconds);
    ratios.push(seconds / (await timed(() => int8.embed([photo]))));
  }
  return {
    secondsPerEmbedding: median(alone),
    int8ToFp32: median(ratios),
    secondsPerThumbnail: Math.max(0, median(added)),
  };
}

/** Small copies of the photographs that come with the demo: bytes of each, on average. */
async function thumbnailBytes(): Promise<number> {
  const folder = fileURLToPath(new URL('../local/demo', import.meta.url));
  const photos = (await readdir(folder)).filter((name) => name.endsWith('.jpg'));
  const sizes = await Promise.all(
    photos.map(async (name) => (await makeThumbnail(await readFile(join(folder, name)))).body.length),
  );
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length);
}

/** A JPEG of noise, softened so that it compresses like a photo. */
const jpeg = (width: number): Promise<Buffer> =>
  sharp(randomBytes(1000 * 750 * 3), { raw: { width: 1000, height: 750, channels: 3 } })
    .resize(width, (width * 3) / 4)
    .jpeg({ quality: 85 })
    .toBuffer();
/** Twelve million pixels, as a telephone makes them; and what the console makes of it before it asks. */
const [photo, query] = await Promise.all([jpeg(4_000), jpeg(1_024)]);

const many = await indexOf(LARGE);
const [overFew, overMany] = [await searchOver(await indexOf(SMALL)), await searchOver(many)];
await overFew(0);
await overMany(0);
const few: number[] = [];
const more: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  few.push(await timed(() => overFew(round)));
  more.push((await timed(() => overMany(round))) - few.at(-1)!);
}
const { secondsPerCompaction, reads, writes } = await compacting(many);
const { manifest } = (await latestManifest(many))!;
const figures = {
  ...(await embedding()),
  bytesPerThumbnail: await thumbnailBytes(),
  secondsPerQueryPicture: await seconds(PICTURES, () => embedder.embed([query])),
  secondsPerSearch: median(few),
  scanSecondsPerPicture: Math.max(0, median(more)) / (LARGE - SMALL),
  bytesPerAnswer: await overFew(1),
  bytesPerLine: Math.round(manifest.files.rowsBytes / manifest.rows),
  secondsPerCompaction,
  readsPerCompaction: reads,
  writesPerCompaction: writes,
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
