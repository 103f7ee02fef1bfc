/**
 * What a million pictures take: loads an index from a folder, searches it, appends to it and compacts, and prints memory
 * and times: `npm run bench:capacity [-- --json] [--quick] [--rows 1000000] [--made-up]`. Writes some 10 GB to the temporary
 * folder. `peak_mb` is the most memory of this process, which searches, and `compact_peak_mb` that of the one that compacts:
 * on AWS each is a function of its own.
 *
 * Where the model that is set up has trained weights, the rows are embeddings of rendered pictures and of parts of them
 * (which takes minutes the first time), and beyond these jittered copies. Copies are closer to each other than pictures,
 * so more rows are read than in life. Otherwise, and with --made-up, rows are made up to be like them.
 */

import { openSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readModelChoice } from '../local/model-choice.ts';
import { DIMENSIONS } from '../pictures/dimensions.ts';
import { readModelInfo } from '../pictures/embedding/load.ts';
import { runProgram } from '../scripts/run-program.ts';
import { rowOffset } from '../vectorlog/commit/file-formats.ts';
import { neededBytes } from '../vectorlog/read/memory.ts';
import { Vectors } from '../vectorlog/read/vectors.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { Compaction } from './capacity/compact.ts';
import { appendPictures } from './cold/write-index.ts';
import { describeMachine, machine, peakMb } from './machine.ts';
import { codesOnly, writeMadeUpIndex } from './made-up-index.ts';
import { type EndlessRows, extended, MADE_UP } from './made-up-rows.ts';
import { median } from './median.ts';
import { realEmbeddings } from './search/embeddings.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    'made-up': { type: 'boolean', default: false },
  },
});
const ROWS = Number(options.rows ?? (options.quick ? 10_000 : 1_000_000));
const QUERIES = options.quick ? 20 : 100;
const MODEL = 'capacity';
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

/** Compacts in a process of its own, as on AWS, where the search function compacts nothing. */
function compacted(): Compaction {
  const program = fileURLToPath(new URL('capacity/compact.ts', import.meta.url));
  const { ok, output, stdout } = runProgram(process.execPath, ['--import', 'tsx', program, folder, MODEL]);
  if (!ok) throw new Error(`the compaction failed:\n${output}`);
  return JSON.parse(stdout) as Compaction;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round(performance.now() - started) / 1000;
}

async function rowSource(): Promise<EndlessRows> {
  const { folder: model } = (await readModelChoice()) ?? {};
  const isTrained = model !== undefined && !(await readModelInfo(model)).synthetic;
  if (!isTrained || options.quick || options['made-up']) return MADE_UP;
  const { file, rows } = await realEmbeddings(model, (done, total) => {
    if (done % 100 === 0) say(`embedding ${done} of ${total} pictures, once only`);
  });
  const opened = openSync(file, 'r');
  return extended(rows, (i, row) => void readSync(opened, row, { position: rowOffset(i, DIMENSIONS) }));
}

const folder = await mkdtemp(join(tmpdir(), 'likeness-capacity-'));
try {
  say(describeMachine(machine()));
  const source = await rowSource();
  say(source.name);
  const store = new FileStore(folder);
  say(
    `writing ${ROWS} rows took ${await seconds(() => writeMadeUpIndex(store, { rows: ROWS, modelId: MODEL, faiss: true, source }))} s`,
  );
  // Rows that are looked at again, whether they are read or remembered.
  const { read } = Vectors.prototype;
  let reads = 0;
  Vectors.prototype.read = function (this: Vectors, rows) {
    reads += rows.length;
    return read.call(this, rows);
  };
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const index = codesOnly(store, ROWS);
  const loadS = await seconds(() => index.read('strong', () => {}));
  const held = await index.read('eventual', ({ generation: { manifest } }) =>
    neededBytes(manifest, DIMENSIONS),
  );
  const searches = async (k: number) => {
    const counts: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < QUERIES; i++) {
      const query = source.query(i);
      reads = 0;
      times.push(1000 * (await seconds(() => index.read('eventual', (view) => view.search([query], { k })))));
      counts.push(reads);
    }
    counts.sort((a, b) => a - b);
    return { median: median(counts), p99: counts[Math.floor(QUERIES * 0.99) - 1], ms: median(times) };
  };
  const ten = await searches(10);
  const hundred = await searches(100);
  globalThis.gc?.();
  const loaded = process.memoryUsage.rss() - before;
  await appendPictures(store, 1_000, { prefix: 'new' });
  const tailS = await seconds(() => index.read('strong', () => {}));
  const compaction = compacted();
  const growS = await seconds(() => index.read('strong', () => {}));
  const size = ROWS >= 1e6 ? `${ROWS / 1e6}m` : `${ROWS / 1e3}k`;
  const figures = {
    'capacity.bytes_per_row': Math.round(loaded / ROWS),
    'capacity.needed_bytes_per_row': Math.round(held / ROWS),
    [`capacity.peak_mb_${size}`]: peakMb(),
    [`capacity.compact_peak_mb_${size}`]: compaction.peakMb,
    [`reads.median_${size}`]: ten.median,
    [`reads.p99_${size}`]: ten.p99,
    [`reads.k100_median_${size}`]: hundred.median,
    [`reads.k100_p99_${size}`]: hundred.p99,
    'capacity.load_s': loadS,
    'capacity.search_ms': ten.ms,
    'capacity.tail_s': tailS,
    'capacity.compact_s': compaction.seconds,
    'capacity.grow_s': growS,
  };
  if (options.json)
    console.log(JSON.stringify({ machine: machine(), rows: ROWS, source: source.name, ...figures }));
  else for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(32)} ${value}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit();
