/**
 * How fast a search is, side by side with others over the same rows: `npm run bench:search [-- --json]`.
 *
 * All take turns, query by query, so that whatever else the machine does slows all of them; figures are medians.
 */

import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DIMENSIONS, ROW_BYTES } from '../pictures/dimensions.ts';
import { rowOffset } from '../vectorlog/commit/file-formats.ts';
import { describeMachine, machine } from './machine.ts';
import { median, percentile } from './median.ts';
import { type Contender, K } from './search/contender.ts';
import {
  cutEmbeddings,
  deleteMadeUp,
  type Embeddings,
  madeUpEmbeddings,
  preparedEmbeddings,
} from './search/embeddings.ts';
import { faissNode } from './search/faiss-node.ts';
import { byCodes, byFloats, codesOf, loadMatrix } from './search/ours.ts';
import { installPeers, lanceDb, usearch } from './search/peers.ts';
import { pythonFaiss } from './search/python-faiss.ts';
import { readSpeed } from './search/read-speed.ts';

const BATCH = 32;
const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '24' },
    quick: { type: 'boolean', default: false },
    'skip-peers': { type: 'boolean', default: false },
  },
});
const rounds = options.quick ? 2 : Number(options.rounds);
const [SMALL, LARGE] = options.quick ? [500, 1_000] : [20_000, 100_000];
const say = (line = ''): void => {
  if (!options.json) console.log(line);
};

interface Figures {
  /** The median. */
  readonly ms: number;
  /** A quarter of the rounds took no longer than the first, three quarters no longer than the second. */
  readonly spread: readonly [number, number];
  /** How many times as long as the first contender it took: the median of the ratios round by round. */
  readonly timesTheFirst: number;
  /** Share of the answers that are faiss-node's: the same rows in the same order, but for scores equal to 1e-5. */
  readonly same: number;
}
type Table = Record<string, Figures>;

/** The score of a row for a query, to compare answers by. */
type Score = (row: number, query: Float32Array) => number;

/** Has all answer the same queries in turns. */
async function compare(
  contenders: readonly Contender[],
  batches: readonly Float32Array[][],
  score: Score,
): Promise<Table> {
  const times = contenders.map((): number[] => []);
  const answers = contenders.map((): number[][] => []);
  for (const [turn, batch] of batches.entries()) {
    for (const [i, contender] of contenders.entries()) {
      // Threads of the one before spin for a while before they sleep.
      await sleep(30);
      const { ms, rows } = await contender.search(batch);
      // The first time pages are touched and threads are started.
      if (turn > 0) times[i]!.push(ms);
      answers[i]!.push(...rows);
    }
  }
  const oracle = answers[contenders.findIndex(({ name }) => name === 'faiss-node')]!;
  const queries = batches.flat();
  const equal = (query: Float32Array, a: number, b: number): boolean =>
    a === b || Math.abs(score(a, query) - score(b, query)) < 1e-5;
  return Object.fromEntries(
    contenders.map(({ name }, i) => {
      const same =
        answers[i]!.filter((rows, at) =>
          rows.every((row, rank) => equal(queries[at]!, row, oracle[at]![rank]!)),
        ).length / oracle.length;
      const mine = times[i]!;
      const spread = [percentile(mine, 0.25), percentile(mine, 0.75)] as const;
      const timesTheFirst = median(mine.map((ms, turn) => ms / times[0]![turn]!));
      return [name, { ms: median(mine), spread, timesTheFirst, same }];
    }),
  );
}

/** One query after the other instead of one call. */
const oneByOne = (contender: Contender): Contender => ({
  ...contender,
  name: `${contender.name}, one by one`,
  async search(queries) {
    const answers = [];
    for (const query of queries) answers.push(await contender.search([query]));
    return {
      ms: answers.reduce((total, { ms }) => total + ms, 0),
      rows: answers.flatMap(({ rows }) => rows),
    };
  },
});

async function readRows(file: string, start: number, end: number): Promise<Float32Array> {
  const rows = new Float32Array((end - start) * DIMENSIONS);
  const handle = await open(file);
  const bytes = new Uint8Array(rows.buffer);
  for (let at = 0; at < bytes.length; at += 2 ** 28) {
    const buffer = bytes.subarray(at, at + 2 ** 28);
    await handle.read({ buffer, position: rowOffset(start, DIMENSIONS) + at });
  }
  await handle.close();
  return rows;
}

async function measure(all: Embeddings, count: number) {
  const file = await cutEmbeddings(all, count);
  const matrix = await loadMatrix(file, count);
  const { codes: codeMatrix, codesMs } = await codesOf(matrix);
  const codes = byCodes(codeMatrix, matrix);
  const float = byFloats(matrix);
  const faiss = faissNode(file);
  const python = await pythonFaiss(file);
  const rows = options.quick || options['skip-peers'] ? undefined : await readRows(file, 0, count);
  const peers = rows ? [usearch(rows), await lanceDb(rows)] : [];
  const contenders = [codes, float, faiss, ...(python ? [python] : []), ...peers];

  // Crops that are not in the index, of pictures that are.
  const queries = await readRows(all.file, count, all.rows);
  const query = (i: number): Float32Array => {
    const row = (i * 7919) % (all.rows - count);
    return queries.slice(row * DIMENSIONS, (row + 1) * DIMENSIONS);
  };

  const score: Score = (row, query) => matrix.row(row).reduce((sum, x, i) => sum + x * query[i]!, 0);
  const memory = await readSpeed(count * ROW_BYTES);
  const reads: number[][] = [];
  const looked: number[] = [];
  const watched: Contender = {
    ...codes,
    async search(some) {
      const answer = await codes.search(some);
      looked.push(codes.last());
      await sleep(30);
      reads.push(await memory.read());
      return answer;
    },
  };
  const single = await compare(
    [watched, ...contenders.slice(1)],
    Array.from({ length: rounds + 1 }, (_, i) => [query(i)]),
    score,
  );
  await memory.close();

  const batches = Array.from({ length: Math.ceil(rounds / 4) + 1 }, (_, turn) =>
    Array.from({ length: BATCH }, (_, i) => query(turn * BATCH + i)),
  );
  const batch = await compare([...contenders, oneByOne(faiss)], batches, score);
  for (const contender of contenders) await contender.close();
  matrix.close();
  return {
    rows: count,
    single,
    batch,
    readMs: Math.min(...[0, 1].map((way) => median(reads.map((times) => times[way]!)))),
    codesMs,
    reads: {
      median: median(looked),
      p99: looked.toSorted((a, b) => a - b)[Math.floor(looked.length * 0.99)]!,
    },
  };
}

type Measured = Awaited<ReturnType<typeof measure>>;

const embeddings = (): Promise<Embeddings> =>
  preparedEmbeddings((done, total) => {
    if (done % 100 === 0) say(`embedding ${done} of ${total} pictures, once only`);
  });

const OURS = 'likeness (8-bit codes, then float32)';
const FLOAT = 'likeness (float32 only)';

function report({ rows, single, batch, readMs, codesMs, reads }: Measured): void {
  const gigabytes = (rows * ROW_BYTES) / 1e9;
  const faiss = single['faiss-node']!.ms;
  say(`\n${rows} rows, one query, k = ${K}`);
  for (const [name, { ms, same }] of Object.entries(single)) {
    const speed = name === OURS ? '' : `${(gigabytes / (ms / 1e3)).toFixed(1)} GB/s`;
    say(
      `  ${name.padEnd(38)} ${ms.toFixed(2).padStart(8)} ms ${`${(faiss / ms).toFixed(1)} x`.padStart(8)} ` +
        `${speed.padStart(10)}   same as faiss-node: ${(same * 100).toFixed(0)} %`,
    );
  }
  say(
    `  ${'only reading as many bytes'.padEnd(38)} ${readMs.toFixed(2).padStart(8)} ms ${' '.repeat(8)} ${`${(gigabytes / (readMs / 1e3)).toFixed(1)} GB/s`.padStart(10)}`,
  );
  say(
    `  rows looked at in float32: median ${reads.median}, 99 % at most ${reads.p99}; ` +
      `codes made in ${(codesMs / 1e3).toFixed(2)} s by one thread`,
  );
  say(`\n${rows} rows, batches of ${BATCH} queries, per query`);
  for (const [name, { ms, same }] of Object.entries(batch)) {
    say(
      `  ${name.padEnd(38)} ${(ms / BATCH).toFixed(2).padStart(8)} ms   same as faiss-node: ${(same * 100).toFixed(0)} %`,
    );
  }
}

const skipsPeers = options.quick || options['skip-peers'];
if (!skipsPeers) await installPeers();
say(describeMachine(machine()));
const all = options.quick ? await madeUpEmbeddings(LARGE + 500) : await embeddings();
say(`${all.pictures} rendered pictures and crops and flips of them, embedded with ${all.modelId}`);
if (all.synthetic) say('The weights are synthetic: these are not the distances of trained features.');

const small = await measure(all, SMALL);
report(small);
const large = await measure(all, LARGE);
report(large);

const ratio = (table: Table, slow: string, fast: string): number =>
  Math.round((table[slow]!.ms / table[fast]!.ms) * 100) / 100;
const ratios = {
  f32_20k_vs_faissnode: ratio(small.single, 'faiss-node', FLOAT),
  f32_100k_vs_faissnode: ratio(large.single, 'faiss-node', FLOAT),
  f32_100k_vs_bandwidth: Math.round((large.readMs / large.single[FLOAT]!.ms) * 100) / 100,
  batch32_vs_faissnode: ratio(small.batch, 'faiss-node', OURS),
  batch32_vs_faissnode_one_by_one: ratio(small.batch, 'faiss-node, one by one', OURS),
  exact_100k_vs_faissnode: ratio(large.single, 'faiss-node', OURS),
};
if (options.json) {
  console.log(
    JSON.stringify({
      machine: machine(),
      model: all.modelId,
      synthetic: all.synthetic,
      ...ratios,
      'reads.median_100k': large.reads.median,
      'reads.p99_100k': large.reads.p99,
      measured: [small, large],
    }),
  );
} else {
  say();
  for (const [name, value] of Object.entries(ratios)) say(`${name.padEnd(34)} ${value}`);
}
if (options.quick) await deleteMadeUp(all);
// Peers leave threads behind.
process.exit();
