/**
 * What a million pictures take: loads an index from a folder, searches it, appends to it and compacts, and prints memory
 * and times: `npm run bench:capacity [-- --json] [--quick] [--rows 1000000]`. Writes some 10 GB to the temporary folder.
 *
 * The rows are made up: jittered copies of vectors that are positive and skewed as a network's features are. Copies are
 * closer to each other than pictures, so more rows are read than in life.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DIMENSIONS } from '../pictures/dimensions.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { Compactor } from '../vectorlog/commit/compaction.ts';
import {
  encodeCodesHeader,
  encodeDead,
  encodeFaissHeader,
  encodeRow,
} from '../vectorlog/commit/file-formats.ts';
import { commitManifest } from '../vectorlog/commit/manifest.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { indexNames } from '../vectorlog/names.ts';
import { LiveIndex } from '../vectorlog/read/live-index.ts';
import { neededBytes } from '../vectorlog/read/memory.ts';
import { Bitset } from '../vectorlog/scan/bitset.ts';
import { Centre } from '../vectorlog/scan/codes.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { appendPictures, picture } from './cold/write-index.ts';
import { describeMachine, machine } from './machine.ts';
import { median } from './median.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
  },
});
const ROWS = Number(options.rows ?? (options.quick ? 20_000 : 1_000_000));
const QUERIES = options.quick ? 20 : 100;
const BLOCK = 1_024;
const MODEL = 'capacity';
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

/** A generator (xorshift) that is quick enough for billions of numbers. */
function generator(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const PATTERNS = 2_048;
const patterns = (() => {
  const next = generator(7);
  return Float32Array.from({ length: PATTERNS * DIMENSIONS }, () => next() ** 4);
})();

/** The rows of a block: each a pattern with noise, of length 1. */
function block(start: number, rows: number): Float32Array {
  const next = generator(start + 11);
  const all = new Float32Array(rows * DIMENSIONS);
  for (let row = 0; row < rows; row++) {
    const from = Math.floor(next() * PATTERNS) * DIMENSIONS;
    const noise = 0.3 + next();
    let squares = 0;
    for (let d = 0; d < DIMENSIONS; d++) {
      const x = patterns[from + d]! * (1 - noise / 2 + noise * next());
      all[row * DIMENSIONS + d] = x;
      squares += x * x;
    }
    const factor = 1 / Math.sqrt(squares);
    for (let d = 0; d < DIMENSIONS; d++) all[row * DIMENSIONS + d]! *= factor;
  }
  return all;
}

function* blocks(): Iterable<Float32Array> {
  for (let start = 0; start < ROWS; start += BLOCK) yield block(start, Math.min(BLOCK, ROWS - start));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Writes the files of one generation as compaction would have them. */
async function writeIndex(store: ObjectStore): Promise<void> {
  const names = indexNames(1, systemClock.ulid());
  const sample = block(0, Math.min(BLOCK, ROWS));
  const centre = Centre.of(
    Array.from({ length: sample.length / DIMENSIONS }, (_, i) =>
      sample.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS),
    ),
    DIMENSIONS,
  );
  await store.compose(
    names.faiss,
    (function* () {
      yield encodeFaissHeader(ROWS, DIMENSIONS);
      for (const rows of blocks()) yield bytesOf(rows);
    })(),
  );
  await store.compose(
    names.codes,
    (function* () {
      yield encodeCodesHeader({ centre, centreRows: 16_384, rows: ROWS });
      for (const rows of blocks()) yield centre.encode(rows);
    })(),
  );
  const { size: rowsBytes } = await store.compose(
    names.rows,
    (function* () {
      for (let start = 0; start < ROWS; start += BLOCK) {
        const rows = Array.from({ length: Math.min(BLOCK, ROWS - start) }, (_, i) =>
          encodeRow(picture(`picture-${start + i}.jpg`)),
        );
        yield Buffer.from(rows.join(''));
      }
    })(),
  );
  await store.put(names.dead, encodeDead(new Bitset(ROWS)));
  await commitManifest(store, {
    format: 1,
    generation: 1,
    modelId: MODEL,
    createdAt: new Date().toISOString(),
    lineage: 'capacity',
    rows: ROWS,
    live: ROWS,
    files: { ...names, rowsBytes, centre: 'capacity' },
    folded: [],
    markers: [],
    replaced: [],
  });
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round(performance.now() - started) / 1000;
}

const folder = await mkdtemp(join(tmpdir(), 'likeness-capacity-'));
try {
  say(describeMachine(machine()));
  const store = new FileStore(folder);
  say(`writing ${ROWS} rows took ${await seconds(() => writeIndex(store))} s`);
  const read = store.read.bind(store);
  let reads = 0;
  store.read = (key, range, target) => {
    if (key.endsWith('.faiss')) reads += Math.round((range.end - range.start) / (DIMENSIONS * 4));
    return read(key, range, target);
  };
  const before = process.memoryUsage.rss();
  const index = new LiveIndex({
    store,
    clock: systemClock,
    logger: silentLogger,
    dimensions: DIMENSIONS,
    // No room for float32 rows, however few there are.
    budgetBytes: ROWS * 2_600 + 64 * 2 ** 20,
  });
  const loadS = await seconds(() => index.read('strong', () => {}));
  const held = await index.read('eventual', ({ generation: { manifest } }) =>
    neededBytes(manifest, DIMENSIONS),
  );
  const counts: number[] = [];
  const times: number[] = [];
  for (let i = 0; i < QUERIES; i++) {
    const query = block(1e9 + i, 1);
    reads = 0;
    times.push(
      1000 * (await seconds(() => index.read('eventual', (view) => view.search([query], { k: 10 })))),
    );
    counts.push(reads);
  }
  const loaded = process.memoryUsage.rss() - before;
  await appendPictures(store, 1_000, { prefix: 'new' });
  const tailS = await seconds(() => index.read('strong', () => {}));
  const compactor = new Compactor({
    index: store,
    modelId: MODEL,
    dimensions: DIMENSIONS,
    clock: systemClock,
    logger: silentLogger,
  });
  const compactS = await seconds(() => compactor.run());
  const growS = await seconds(() => index.read('strong', () => {}));
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  const size = ROWS >= 1e6 ? `${ROWS / 1e6}m` : `${ROWS / 1e3}k`;
  const figures = {
    'capacity.bytes_per_row': Math.round(loaded / ROWS),
    'capacity.needed_bytes_per_row': Math.round(held / ROWS),
    [`capacity.peak_mb_${size}`]: peakMb,
    [`reads.median_${size}`]: median(counts),
    [`reads.p99_${size}`]: counts.toSorted((a, b) => a - b)[Math.floor(counts.length * 0.99)],
    'capacity.load_s': loadS,
    'capacity.search_ms': median(times),
    'capacity.tail_s': tailS,
    'capacity.compact_s': compactS,
    'capacity.grow_s': growS,
  };
  if (options.json) console.log(JSON.stringify({ machine: machine(), rows: ROWS, ...figures }));
  else for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(32)} ${value}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit();
