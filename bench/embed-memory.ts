/**
 * Whether embedding costs memory that does not come back, and whether heavy pictures take what they are weighed at:
 * `npm run bench:embed-memory [-- --json] [-- --quick] [-- --as-found]`. Fails when one takes more (looked at on Linux alone).
 *
 * Memory is managed as it is in the deployed functions, or with `--as-found` as this process was started.
 */

import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER } from '../local/model-choice.ts';
import { ALLOCATOR_ENVIRONMENT } from '../pictures/decoding/limits.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import { sharedPhotos } from '../test/shared.ts';
import { measureHeavy } from './embed-memory/heavy.ts';
import { describeMachine, machine, peakMb } from './machine.ts';
import { photoNames, RENDERED, renderedNames } from './pictures.ts';

/** As many as a batch of on-upload has. */
const BATCH = 10;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    photos: { type: 'string', default: sharedPhotos ?? '' },
    'as-found': { type: 'boolean', default: false },
  },
});
if (!options['as-found']) {
  const args = [...process.execArgv, ...process.argv.slice(1), '--as-found'];
  const env = { ...process.env, ...ALLOCATOR_ENVIRONMENT };
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1);
}
const PICTURES = options.quick ? 20 : 5_000;
const EVERY = PICTURES / 10;
/** Pixels of the shorter side of the heavy pictures. */
const HEAVY_SIDE = options.quick ? 500 : 2_600;
/** What a decoder takes besides, whatever the size: its tables and threads. */
const BESIDES = 16 * 2 ** 20;

const say = (line: string): void => {
  if (!options.json) console.log(line);
};

const rendered = (await renderedNames()).map((name) => join(RENDERED, name));
const photos = options.photos
  ? (await photoNames(options.photos)).map((name) => join(options.photos, name))
  : [];

const { folder } = await prepareModel({ weights: 'synthetic', precision: 'fp32', out: MODELS_FOLDER });
const embedder = await loadEmbedder(folder);
say(describeMachine(machine()));
say(`${PICTURES} pictures, ${BATCH} at a time, one of each ten a photo when there are any`);

const start = performance.now();
const samples: { pictures: number; residentMiB: number }[] = [];
for (let done = 0; done < PICTURES; ) {
  const paths = Array.from({ length: BATCH }, (_, i) =>
    i === 0 && photos.length > 0
      ? photos[(done / BATCH) % photos.length]!
      : rendered[(done + i) % rendered.length]!,
  );
  await embedder.embed(await Promise.all(paths.map((path) => readFile(path))));
  done += BATCH;
  if (done % EVERY >= BATCH) continue;
  const sample = { pictures: done, residentMiB: Math.round(process.memoryUsage.rss() / 2 ** 20) };
  samples.push(sample);
  say(`${String(done).padStart(6)} pictures: ${sample.residentMiB} MiB resident`);
}
const seconds = (performance.now() - start) / 1000;
const most = peakMb();
const grownMiB = samples.at(-1)!.residentMiB - samples[0]!.residentMiB;
const heavy = process.platform === 'linux' ? await measureHeavy(HEAVY_SIDE) : [];
const tooHeavy = heavy.filter(({ took, weight }) => took > weight + BESIDES);
if (tooHeavy.length > 0) process.exitCode = 1;
if (options.json) {
  console.log(
    JSON.stringify({
      machine: machine(),
      arenas: process.env.MALLOC_ARENA_MAX ?? null,
      pictures: PICTURES,
      seconds,
      grownMiB,
      mostMiB: most,
      samples,
      heavy,
    }),
  );
} else {
  console.log(
    `grown by ${grownMiB} MiB since the first ${EVERY}, ${most} at most, in ${seconds.toFixed(0)} s`,
  );
  for (const { name, megapixels, took, weight } of heavy)
    console.log(
      `${name}: ${megapixels} megapixels took ${Math.round(took / 2 ** 20)} MiB, weighed at ${Math.round(weight / 2 ** 20)}`,
    );
  for (const { name } of tooHeavy) console.error(`${name} takes more than it is weighed at`);
}
