/**
 * A folder of 500 pictures, from nothing to answers, beside the reference demo's own way: `npm run bench:reference [-- --json]
 * [-- --quick]`. Three figures: to index the folder, the first answer when nothing runs, and an answer when everything is in
 * memory. The reference is three Python scripts (torch, torchvision, Pillow, FAISS's IndexFlatIP); ours is `likeness serve`, asked
 * over HTTP. Both take turns where rounds are. Where there is no torch, the reference is left out and its figures are null.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runProgram } from '../scripts/run-program.ts';
import { until } from '../test/faults/served.ts';
import { madePictures } from './load/made-pictures.ts';
import { describeMachine, machine } from './machine.ts';
import { median } from './median.ts';
import { startServer } from './server.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
const PICTURES = options.quick ? 12 : 500;
const COLD_ROUNDS = options.quick ? 1 : 5;
const WARM_ROUNDS = options.quick ? 3 : 30;
const QUERIES = 10;
const PATIENCE_MS = 900_000;
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

async function seconds(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1_000;
}

/** The first Python that has all of it. */
function findPython(): string | undefined {
  const program = 'import torch, torchvision, PIL, faiss';
  return ['python3', '/usr/bin/python3'].find((python) => runProgram(python, ['-c', program]).ok);
}

const script = (name: string): string => fileURLToPath(new URL(`reference/${name}`, import.meta.url));

function run(python: string, name: string, ...args: string[]): void {
  const { ok, output } = runProgram(python, [script(name), ...args], { timeoutMs: PATIENCE_MS });
  if (!ok) throw new Error(`${name} failed:\n${output}`);
}

/** The reference's third script, asked line by line. */
async function warmReference(python: string, out: string) {
  const child = spawn(python, [script('warm_search.py'), out], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const versions = JSON.parse((await lines.next()).value as string) as Record<string, string>;
  return {
    versions,
    async search(query: string) {
      child.stdin.write(`${query}\n`);
      await lines.next();
    },
    async stop() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

interface Way {
  readonly index: number;
  readonly cold: readonly number[];
  readonly warm: readonly number[];
}

const base = await mkdtemp(join(tmpdir(), 'likeness-reference-'));
const [pictures, queries, index, out] = ['pictures', 'queries', 'index', 'out'].map((name) =>
  join(base, name),
);
try {
  for (const folder of [pictures!, queries!, out!]) await mkdir(folder);
  await madePictures(pictures!, PICTURES);
  const asked = await madePictures(queries!, QUERIES, PICTURES);
  const python = findPython();
  say(describeMachine(machine()));
  if (!python) say('reference: left out, there is no Python with torch, torchvision, Pillow and faiss');

  const indexing = await seconds(async () => {
    const server = await startServer(pictures!, index!);
    await until(
      'all pictures are indexed',
      async () => {
        const stats = await server.client.stats();
        if (stats.pictures < PICTURES) throw new Error(`${stats.pictures} are`);
      },
      PATIENCE_MS,
    );
    await server.stop();
  });
  const referenceIndexing =
    python === undefined ? undefined : await seconds(() => run(python, 'index.py', pictures!, out!));

  const cold: number[] = [];
  const referenceCold: number[] = [];
  for (let round = 0; round < COLD_ROUNDS; round++) {
    const query = asked[round % QUERIES]!;
    const image = await readFile(query);
    cold.push(
      await seconds(async () => {
        const server = await startServer(pictures!, index!);
        await server.client.search({ image }, { k: 10 });
        // Ending it is not part of the answer, but two at a time would be in each other's way.
        await server.stop();
      }),
    );
    if (python) referenceCold.push(await seconds(() => run(python, 'cold_search.py', out!, query)));
  }

  const server = await startServer(pictures!, index!);
  const reference = python ? await warmReference(python, out!) : undefined;
  const warm: number[] = [];
  const referenceWarm: number[] = [];
  for (let round = -1; round < WARM_ROUNDS; round++) {
    const query = asked[(round + 1) % QUERIES]!;
    const image = await readFile(query);
    const ours = await seconds(() => server.client.search({ image }, { k: 10 }));
    const theirs = reference && (await seconds(() => reference.search(query)));
    // The first of each brings into memory what the others find there.
    if (round < 0) continue;
    warm.push(ours);
    if (theirs !== undefined) referenceWarm.push(theirs);
  }
  await server.stop();
  await reference?.stop();

  const ours: Way = { index: indexing, cold, warm };
  const theirs: Way | null =
    referenceIndexing === undefined
      ? null
      : { index: referenceIndexing, cold: referenceCold, warm: referenceWarm };
  /** How many times as long the reference takes: the median of the ratios round by round. */
  const ratio = (a: readonly number[], b: readonly number[]): number =>
    Math.round(100 * median(b.map((figure, i) => figure / a[i]!))) / 100;
  const ratios = theirs && {
    'reference.index_ratio': ratio([ours.index], [theirs.index]),
    'reference.cold_ratio': ratio(ours.cold, theirs.cold),
    'reference.warm_ratio': ratio(ours.warm, theirs.warm),
  };
  const figures = {
    machine: machine(),
    versions: reference?.versions ?? null,
    pictures: PICTURES,
    ours,
    reference: theirs,
    ...ratios,
  };
  if (options.json) console.log(JSON.stringify(figures));
  for (const [name, way] of Object.entries({ likeness: ours, ...(theirs && { reference: theirs }) }))
    say(
      `${name.padEnd(10)} index ${way.index.toFixed(1)} s, first answer ${median(way.cold).toFixed(2)} s, warm answer ${(1_000 * median(way.warm)).toFixed(0)} ms`,
    );
  if (ratios) say(JSON.stringify(ratios));
} finally {
  await rm(base, { recursive: true, force: true });
}
