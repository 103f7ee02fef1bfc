/**
 * How long the first answer takes when nothing is in memory, on a network like that of Lambda, and what it costs a warm
 * function to be fresh: `npm run bench:cold [-- --json] [--quick] [--function-timeout 300]`.
 *
 * The search function is the bundle that is deployed, in a process of its own that is frozen between two requests and
 * killed when one takes longer than its timeout. The clock runs from the start of the process to the answer.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import sharp from 'sharp';
import { bundleFunction } from '../cdk/bundling/functions.ts';
import { createClient } from '../client/client.ts';
import { ProblemError } from '../client/problem-error.ts';
import { VARIABLES } from '../functions/environment.ts';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER } from '../local/model-choice.ts';
import { DIMENSIONS } from '../pictures/dimensions.ts';
import { readModelInfo } from '../pictures/embedding/load.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { LiveIndex } from '../vectorlog/read/live-index.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import { prefixed } from '../vectorlog/store/prefixed-store.ts';
import { s3Client } from '../vectorlog/store/s3-client.ts';
import { S3Store } from '../vectorlog/store/s3-store.ts';
import { LambdaFunction } from './cold/lambda-function.ts';
import { LAMBDA_NETWORK, type Network, startNetwork } from './cold/network.ts';
import { appendPictures } from './cold/write-index.ts';
import { fetchFrom } from './function-events.ts';
import { describeMachine, machine } from './machine.ts';
import { withFaiss, writeMadeUpIndex } from './made-up-index.ts';
import { median } from './median.ts';

type SearchClient = ReturnType<typeof createClient>;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    'function-timeout': { type: 'string', default: '300' },
  },
});
const SIZES =
  options.rows?.split(',').map(Number) ?? (options.quick ? [2_000] : [100_000, 234_000, 1_000_000]);
const ROUNDS = options.quick ? 1 : 3;
const REFRESHES = options.quick ? 3 : 20;
/** Appends that wait in the log, in the longest tail that is measured. */
const LONG_TAIL = options.quick ? 100 : 1_000;
/** The search function's by default. */
const MEMORY_MB = 3_008;
/** Of the function that is to meet its timeout: longer than the next process needs for its answer. */
const SHORT_TIMEOUT_MS = 6_000;
const BUCKET = 'bucket';
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' };
/** In the project, so that the bundle finds native packages as it would on Lambda. */
const BUILT = resolve(fileURLToPath(new URL('../.cache/bench/cold', import.meta.url)));

const say = (line: string): void => {
  if (!options.json) console.log(line);
};
const rounded = (value: number): number => Math.round(value * 100) / 100;
const sizeName = (rows: number): string => (rows >= 1e6 ? `${rows / 1e6}m` : `${rows / 1e3}k`);

/** What one cold start was like. */
interface ColdStart {
  readonly seconds: number;
  /** Answers `503 index-loading` before the one that counts. */
  readonly waits: number;
  /** How far the index was at each, in percent. */
  readonly progress: readonly number[];
  /** Processes that it took. */
  readonly starts: number;
  /** Bytes that came over the network. */
  readonly bytes: number;
}

async function bundled(): Promise<{ host: string; bundle: string }> {
  await mkdir(BUILT, { recursive: true });
  await bundleFunction('search', BUILT);
  const host = join(BUILT, 'host.mjs');
  const entryPoints = [fileURLToPath(new URL('cold/host.ts', import.meta.url))];
  await build({
    entryPoints,
    outfile: host,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return { host, bundle: join(BUILT, 'index.mjs') };
}

/** Processes that one cold start may take: a function that is killed every time never answers. */
const MOST_STARTS = 5;

/** Asks again where the gateway says that the function failed, as a person would. */
async function untilAnswered(
  ask: () => Promise<unknown>,
  search: LambdaFunction,
  onKilled: () => void,
): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      const wasKilled = error instanceof ProblemError && error.status === 500 && error.retryable;
      if (!wasKilled || search.starts >= MOST_STARTS) throw error;
      onKilled();
    }
  }
}

/**
 * Has a new function answer one request, however often it must be asked.
 *
 * @param hangs the network answers nothing until the function's timeout has killed its first process
 */
async function coldStart(
  network: Network,
  program: { host: string; bundle: string },
  modelFolder: string,
  ask: (client: SearchClient) => Promise<unknown>,
  { timeoutMs = Number(options['function-timeout']) * 1000, hangs = false } = {},
): Promise<ColdStart> {
  network.renew();
  if (hangs) network.hang();
  const search = new LambdaFunction({
    ...program,
    timeoutMs,
    environment: {
      [VARIABLES.imagesBucket]: BUCKET,
      [VARIABLES.indexBucket]: BUCKET,
      [VARIABLES.modelFolder]: modelFolder,
      [VARIABLES.endpoint]: network.endpoint,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MEMORY_MB),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      POWERTOOLS_DEV: 'false',
      POWERTOOLS_TRACE_ENABLED: 'false',
      AWS_XRAY_MANUAL_MODE: 'true',
      POWERTOOLS_LOG_LEVEL: 'ERROR',
    },
  });
  const progress: number[] = [];
  const client = createClient({
    endpoint: 'http://gateway',
    fetch: fetchFrom((event) => search.invoke(event)),
    onLoading: ({ doneBytes, totalBytes }) => progress.push(Math.floor((100 * doneBytes) / totalBytes)),
  });
  const started = performance.now();
  try {
    await untilAnswered(
      () => ask(client),
      search,
      () => network.renew(),
    );
    return {
      seconds: rounded((performance.now() - started) / 1000),
      waits: progress.length,
      progress,
      starts: search.starts,
      bytes: network.sentBytes,
    };
  } finally {
    await search.kill();
  }
}

/** Milliseconds of one refresh of an index that is in memory. */
async function refreshMs(index: LiveIndex): Promise<number> {
  const started = performance.now();
  await index.read('strong', () => {});
  return performance.now() - started;
}

/** What a strong search spends on looking for what is new. */
async function refreshes(store: FileStore, network: Network, namespace: string, appends: number) {
  const client = s3Client({ endpoint: network.endpoint, credentials: CREDENTIALS });
  const index = new LiveIndex({
    dimensions: DIMENSIONS,
    store: prefixed(new S3Store({ client, bucket: BUCKET }), namespace),
    clock: systemClock,
    logger: silentLogger,
    budgetBytes: 4 * 2 ** 30,
  });
  await index.read('strong', () => {});
  const written = prefixed(store, namespace);
  if (appends > 0) await appendPictures(written, appends, { perAppend: 1, prefix: `tail-${appends}` });
  const first = await refreshMs(index);
  const times: number[] = [];
  for (let i = 0; i < REFRESHES; i++) times.push(await refreshMs(index));
  client.destroy();
  return { first: rounded(first), unchanged: rounded(median(times)) };
}

const { folder } = await prepareModel({ weights: 'synthetic', out: MODELS_FOLDER });
const { modelId } = await readModelInfo(folder);
const namespace = `${modelId}/`;
const program = await bundled();
const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
const create = { width: 1024, height: 768, channels: 3, noise, background: 'gray' } as const;
const image = new Uint8Array(await sharp({ create }).jpeg().toBuffer());

say(describeMachine(machine()));
say(
  `network: ${LAMBDA_NETWORK.bytesPerSecond / 1e6} MB/s after ${LAMBDA_NETWORK.burstBytes / 1e6} MB, ${LAMBDA_NETWORK.requestMs} ms a request\n`,
);
const figures: Record<string, number> = {};
const coldStarts: Record<string, ColdStart & { by: string; rows: number; all: number[] }> = {};
for (const rows of SIZES) {
  const scratch = await mkdtemp(join(tmpdir(), 'likeness-cold-'));
  const store = new FileStore(scratch);
  const faiss = await writeMadeUpIndex(prefixed(store, namespace), { rows, modelId, faiss: false });
  const network = await startNetwork(withFaiss(store, `${namespace}${faiss}`, rows));
  try {
    const rounds = rows >= 1e6 ? 1 : ROUNDS;
    const size = sizeName(rows);
    const asks = {
      key: (client: SearchClient) => client.similar(`picture-${rows - 7}.jpg`, { k: 10 }),
      image: (client: SearchClient) => client.search({ image }, { k: 10 }),
    } as const;
    for (const [name, ask] of Object.entries(asks)) {
      const starts: ColdStart[] = [];
      for (let round = 0; round < rounds; round++)
        starts.push(await coldStart(network, program, folder, ask));
      const middle = starts.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(rounds / 2)]!;
      figures[`cold.${name}_${size}_s`] = middle.seconds;
      coldStarts[`${name}_${size}`] = {
        ...middle,
        by: name,
        rows,
        all: starts.map(({ seconds }) => seconds),
      };
      const { seconds, waits, progress, bytes } = middle;
      say(
        `${size.padStart(5)} pictures, first answer by ${name.padEnd(5)} ${seconds.toFixed(2).padStart(6)} s, ` +
          `${(bytes / 1e6).toFixed(0)} MB, told to wait ${waits} times (${progress.join(', ')} %)`,
      );
    }
    if (rows === SIZES[0]) {
      const killed = await coldStart(network, program, folder, asks.key, {
        timeoutMs: SHORT_TIMEOUT_MS,
        hangs: true,
      });
      if (killed.starts !== 2 || killed.seconds * 1000 < SHORT_TIMEOUT_MS)
        throw new Error(`the function was to be killed once, at its timeout: ${JSON.stringify(killed)}`);
      coldStarts.killed = { ...killed, by: 'key', rows, all: [killed.seconds] };
      say(
        `${size.padStart(5)} pictures, the network hangs until the first process is killed at a timeout of ` +
          `${SHORT_TIMEOUT_MS / 1000} s: ${killed.seconds} s, ${killed.starts} processes`,
      );
      network.renew();
      const unchanged = await refreshes(store, network, namespace, 0);
      const tail10 = await refreshes(store, network, namespace, 10);
      const tail1000 = await refreshes(store, network, namespace, LONG_TAIL - 10);
      figures['fresh.unchanged_ms'] = unchanged.unchanged;
      figures['fresh.tail10_ms'] = tail10.unchanged;
      figures['fresh.tail10_new_ms'] = tail10.first;
      figures['fresh.tail1000_ms'] = tail1000.unchanged;
      figures['fresh.tail1000_new_ms'] = tail1000.first;
    }
  } finally {
    network.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
say('');
for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(24)} ${value}`);
if (options.json)
  console.log(JSON.stringify({ machine: machine(), network: LAMBDA_NETWORK, ...figures, coldStarts }));
process.exit();
