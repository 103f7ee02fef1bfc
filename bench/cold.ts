/**
 * How long the first answer takes when nothing is in memory, as a multiple of only downloading the index; and what it
 * costs a warm one to be fresh: `npm run bench:cold [-- --json]`. Needs the S3 server of the tests.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import sharp from 'sharp';
import { modelFolder } from '../local/model-choice.ts';
import { DIMENSIONS, ROW_BYTES } from '../pictures/dimensions.ts';
import { readModelInfo } from '../pictures/embedding/load.ts';
import { startS3Server, whyNoS3Server } from '../test/s3-server/s3-server.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { LiveIndex } from '../vectorlog/read/live-index.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { prefixed } from '../vectorlog/store/prefixed-store.ts';
import { S3Store } from '../vectorlog/store/s3-store.ts';
import type { Order, Outcome } from './cold/once.ts';
import { appendPictures, writeIndex } from './cold/write-index.ts';
import { describeMachine, machine } from './machine.ts';
import { median } from './median.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const ROWS = options.quick ? 6_000 : 20_000;
const say = (line: string): void => {
  if (!options.json) console.log(line);
};
const rounded = (value: number): number => Math.round(value * 100) / 100;

const once = fileURLToPath(new URL('cold/once.ts', import.meta.url));

/** One cold start in a new process. */
async function measure(order: Order): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    once,
    JSON.stringify(order),
  ]);
  return JSON.parse(stdout) as Outcome;
}

/** Milliseconds of one refresh of an index that is in memory. */
async function refreshMs(index: LiveIndex): Promise<number> {
  const started = performance.now();
  await index.read('strong', () => {});
  return performance.now() - started;
}

async function refreshes(store: ObjectStore, appends: number) {
  const index = new LiveIndex({
    dimensions: DIMENSIONS,
    store,
    clock: systemClock,
    logger: silentLogger,
    budgetBytes: 4 * 2 ** 30,
  });
  await index.read('strong', (view) => view.embedding('picture-0.jpg'));
  if (appends > 0) await appendPictures(store, appends, { perAppend: 1, prefix: `tail-${appends}` });
  const first = await refreshMs(index);
  const times: number[] = [];
  for (let i = 0; i < 20; i++) times.push(await refreshMs(index));
  return { first: rounded(first), unchanged: rounded(median(times)) };
}

const reason = whyNoS3Server();
if (reason) throw new Error(reason);
const folder = await modelFolder();
const { modelId, weights } = await readModelInfo(folder);
const server = await startS3Server();
const scratch = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
try {
  say(describeMachine(machine()));
  const bucket = await server.newBucket();
  const namespace = `${modelId}/`;
  const store = prefixed(new S3Store({ client: server.client, bucket }), namespace);
  await writeIndex(store, modelId, ROWS);
  say(
    `${ROWS} rows, ${((ROWS * ROW_BYTES) / 1e6).toFixed(0)} MB, on an S3 server on the same machine; model ${weights}`,
  );

  const picture = join(scratch, 'query.jpg');
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const create = { width: 1024, height: 768, channels: 3, noise, background: 'gray' } as const;
  await writeFile(picture, await sharp({ create }).jpeg().toBuffer());

  const order = {
    s3: server.options,
    bucket,
    modelFolder: folder,
    namespace,
    picture,
    key: 'picture-4711.jpg',
  };
  const modes = ['download', 'key', 'image'] as const;
  const times = { download: [] as number[], key: [] as number[], image: [] as number[] };
  // In turns, so that whatever else the machine does slows all of them. The first round warms the server's cache.
  for (let round = 0; round <= rounds; round++) {
    for (const mode of modes) {
      const { ms } = await measure({ ...order, mode });
      if (round > 0) times[mode].push(ms);
    }
  }
  const ms = {
    download: rounded(median(times.download)),
    key: rounded(median(times.key)),
    image: rounded(median(times.image)),
  };
  const ratios = {
    key_vs_download: rounded(ms.key / ms.download),
    image_vs_download: rounded(ms.image / ms.download),
  };
  say(`\ncold: median of ${rounds} processes each`);
  say(`  download only        ${ms.download.toFixed(0).padStart(6)} ms`);
  say(`  first answer, key    ${ms.key.toFixed(0).padStart(6)} ms   ${ratios.key_vs_download} x`);
  say(`  first answer, image  ${ms.image.toFixed(0).padStart(6)} ms   ${ratios.image_vs_download} x`);

  const refresh = {
    unchanged: (await refreshes(store, 0)).unchanged,
    tail10: await refreshes(store, 10),
    tail1000: await refreshes(store, 990),
  };
  say('\nwarm: milliseconds that a strong search spends on looking for what is new');
  say(`  nothing changed, nothing in the log        ${refresh.unchanged.toFixed(1).padStart(7)}`);
  for (const [name, { first, unchanged }] of [
    ['10', refresh.tail10],
    ['1,000', refresh.tail1000],
  ] as const) {
    say(
      `  ${`${name} appends in the log`.padEnd(42)} ${unchanged.toFixed(1).padStart(7)}   when they are new: ${first.toFixed(1)}`,
    );
  }
  if (options.json)
    console.log(
      JSON.stringify({ machine: machine(), rows: ROWS, model: weights, ms, refreshMs: refresh, ...ratios }),
    );
} finally {
  await rm(scratch, { recursive: true, force: true });
  await server.stop();
}
