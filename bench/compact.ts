/**
 * What it costs to add 1,000 rows to an index of 10,000 and of 100,000, composed against rewritten, on a folder and on
 * an S3 server: `npm run bench:compact [-- --json] [-- --quick]`.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DIMENSIONS } from '../pictures/dimensions.ts';
import { startS3Server, whyNoS3Server } from '../test/s3-server/s3-server.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { Compactor } from '../vectorlog/commit/compaction.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { type Meter, metered } from './compact/metered.ts';
import { MODEL_ID, seedIndex, upload } from './compact/seed.ts';
import { describeMachine, machine, peakMb } from './machine.ts';
import { median } from './median.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** Small sizes on a folder, once: only to see that it runs. */
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Other sizes than those that the ratios are about. */
    rows: { type: 'string' },
    /** Leave the S3 server out. */
    'file-only': { type: 'boolean', default: false },
  },
});
const NEW_ROWS = options.quick ? 100 : 1_000;
const ROUNDS = Number(options.rounds ?? (options.quick ? 1 : 3));
const SIZES = (options.rows ?? (options.quick ? '1000,2000' : '10000,100000')).split(',').map(Number);
const say = (line = ''): void => {
  if (!options.json) console.log(line);
};

interface Figures {
  readonly ms: number;
  /** Through the function, both ways. */
  readonly bytes: number;
}
interface Measured {
  readonly composed: Figures;
  readonly rewritten: Figures;
}

/** Adds rows round by round; the compactor is warm, as in a function that runs every minute. */
async function measure(
  store: ObjectStore,
  isS3: boolean,
  isRewrite: boolean,
  rounds: number,
): Promise<Figures> {
  const meter: Meter = { sent: 0, received: 0 };
  const index = metered(store, meter, isS3);
  const limits = { maxDeadShare: isRewrite ? 0 : 1, replacedGraceMs: 0, foldedGraceMs: 0 };
  const compactor = new Compactor({
    index,
    modelId: MODEL_ID,
    dimensions: DIMENSIONS,
    clock: systemClock,
    logger: silentLogger,
    limits,
  });
  await upload(store, 10, `new/${systemClock.ulid()}`);
  await compactor.run();

  const times: number[] = [];
  const bytes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // One picture is replaced: a row dies, or there would be nothing to rewrite for.
    await upload(store, NEW_ROWS, `album/${101 + 100 * round}.jpg`);
    meter.sent = 0;
    meter.received = 0;
    const began = performance.now();
    const { outcome, rewritten } = await compactor.run();
    times.push(performance.now() - began);
    bytes.push(meter.sent + meter.received);
    if (outcome !== 'committed' || rewritten !== isRewrite) throw new Error(`the run was ${outcome}`);
  }
  return { ms: median(times), bytes: median(bytes) };
}

async function measureStore(
  name: string,
  newStore: () => Promise<ObjectStore>,
): Promise<Record<number, Measured>> {
  const isS3 = name === 's3';
  const table: Record<number, Measured> = {};
  for (const rows of SIZES) {
    const store = await newStore();
    await seedIndex(store, rows);
    const composed = await measure(store, isS3, false, ROUNDS);
    const rewritten = await measure(store, isS3, true, 1);
    table[rows] = { composed, rewritten };
    for (const [how, { ms, bytes }] of Object.entries(table[rows]))
      say(
        `${name.padEnd(5)} ${String(rows).padStart(7)} rows  ${how.padEnd(9)} ${ms.toFixed(0).padStart(7)} ms ${(bytes / 2 ** 20).toFixed(1).padStart(8)} MiB`,
      );
  }
  return table;
}

const ratiosOf = (table: Record<number, Measured>) => {
  const [small, large] = [table[SIZES[0]!]!, table[SIZES.at(-1)!]!];
  return {
    bytes_100k_vs_10k: large.composed.bytes / small.composed.bytes,
    time_composed_vs_rewritten_100k: large.composed.ms / large.rewritten.ms,
  };
};

say(`adding ${NEW_ROWS} rows; ${describeMachine(machine())}\n`);
const folder = await mkdtemp(join(tmpdir(), 'likeness-bench-compact-'));
let made = 0;
try {
  const file = await measureStore('file', async () => new FileStore(join(folder, String(made++))));
  await rm(folder, { recursive: true, force: true });
  const reason = options['file-only'] || options.quick ? 'not asked for' : whyNoS3Server();
  if (reason) say(`s3    skipped: ${reason}`);
  const server = reason ? undefined : await startS3Server();
  const s3 = server && (await measureStore('s3', () => server.newStore()));
  await server?.stop();

  const stores = { file: ratiosOf(file), ...(s3 && { s3: ratiosOf(s3) }) };
  const ratios = stores.s3 ?? stores.file;
  const [fewer, more] = [SIZES[0], SIZES.at(-1)].map((rows) => rows?.toLocaleString('en'));
  say(`\nbytes at ${more} rows against ${fewer}, composed: ${ratios.bytes_100k_vs_10k.toFixed(3)}`);
  say(
    `time at 100,000 rows, composed against rewritten: ${ratios.time_composed_vs_rewritten_100k.toFixed(3)}`,
  );
  say(`peak memory of this process: ${peakMb()} MiB`);
  if (options.json)
    console.log(
      JSON.stringify({
        machine: machine(),
        newRows: NEW_ROWS,
        figures: { file, ...(s3 && { s3 }) },
        stores,
        ...ratios,
      }),
    );
} finally {
  await rm(folder, { recursive: true, force: true });
}
