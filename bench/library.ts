/**
 * What a library of 100,000 files takes on one machine, with the server as people start it, all of it real but the network: a model of
 * the same shape that costs next to nothing, since the network's time is known and would hide the rest. The first indexing, memory,
 * watches, a restart, and 10,000 renamed files:
 * `npm run bench:library [-- --json] [-- --quick] [-- --files N] [-- --renamed N]`. Memory and watches are read from /proc, so on Linux only.
 */

import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCli } from '../scripts/build.ts';
import { picture } from '../test/factories/pictures.ts';
import { until } from '../test/faults/served.ts';
import { writeTinyModel } from '../test/faults/tiny-model.ts';
import { describeMachine, machine } from './machine.ts';
import { memoryOf, type RunningServer, startServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    files: { type: 'string' },
    renamed: { type: 'string' },
  },
});
const FILES = Number(options.files ?? (options.quick ? 200 : 100_000));
const PER_FOLDER = options.quick ? 20 : 50;
/** A tenth of the library, by renaming its folders: fewer than are taken for a disk that went. */
const RENAMED = Math.ceil(Number(options.renamed ?? FILES / 10) / PER_FOLDER) * PER_FOLDER;
/** Looks; the bytes of a file differ from all others' all the same. */
const LOOKS = 50;
const LENGTHS = 499;
const PATIENCE_MS = 3 * 3_600_000;

const say = (line: string): void => {
  if (!options.json) console.log(line);
};
const seconds = (since: number): number => Math.round(performance.now() - since) / 1_000;

async function writeFiles(folder: string): Promise<void> {
  const looks = await Promise.all(Array.from({ length: LOOKS }, (_, i) => picture(i)));
  for (let from = 0; from < FILES; from += PER_FOLDER) {
    const below = join(folder, `folder-${from / PER_FOLDER}`);
    await mkdir(below, { recursive: true });
    for (let i = from; i < from + PER_FOLDER; i++) {
      // What stands behind the end of a PNG is nobody's. Lengths differ, as those of photos do.
      const end = Buffer.alloc((i % LENGTHS) * 16, `${i}`);
      await writeFile(join(below, `${i}.png`), Buffer.concat([looks[i % LOOKS]!, end]));
    }
  }
}

async function watchesOf({ pid }: RunningServer): Promise<number> {
  let watches = 0;
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (!target.includes('inotify')) continue;
    const lines = (await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8')).split('\n');
    watches += lines.filter((line) => line.startsWith('inotify')).length;
  }
  return watches;
}

/** Waits until so many files are found under their new names. */
const untilFound = ({ client }: RunningServer, renamed: number) =>
  until(
    'all are found under their new names',
    async () => {
      const { total } = await client.images({ prefix: 'renamed-', limit: 1 });
      if (total !== renamed) throw new Error(`${total} have their new names`);
    },
    PATIENCE_MS,
  );

/** Waits until all files are indexed under the names that they have now, and under no other. */
const untilIndexed = ({ client }: RunningServer) =>
  until(
    'all is indexed',
    async () => {
      const { pictures, queue } = await client.stats();
      if (pictures !== FILES || queue?.waiting) throw new Error(`${pictures} are there`);
    },
    PATIENCE_MS,
  );

const base = await mkdtemp(join(tmpdir(), 'likeness-library-'));
const [folder, index, model] = ['pictures', 'index', 'model'].map((name) => join(base, name)) as [
  string,
  string,
  string,
];
let server: RunningServer | undefined;
try {
  say(describeMachine(machine()));
  await buildCli();
  await writeTinyModel(model);
  process.env.LIKENESS_MODEL_FOLDER = model;
  await writeFiles(folder);

  let began = performance.now();
  server = await startServer(folder, index);
  const firstAnswer = seconds(began);
  await untilIndexed(server);
  const indexing = seconds(began);
  const first = memoryOf(server);
  const watches = await watchesOf(server);
  await server.stop();

  began = performance.now();
  const again = await startServer(folder, index);
  server = again;
  await until('a search answers', () => again.client.similar('folder-0/0.png', { k: 1 }), PATIENCE_MS);
  const restart = seconds(began);
  await until(
    'all folders are watched',
    async () => {
      const watched = await watchesOf(again);
      if (watched < watches) throw new Error(`${watched} of ${watches} are`);
    },
    PATIENCE_MS,
  );
  const watching = seconds(began);
  const restarted = memoryOf(again);

  began = performance.now();
  for (let i = 0; i < RENAMED / PER_FOLDER; i++)
    await rename(join(folder, `folder-${i}`), join(folder, `renamed-${i}`));
  await untilFound(again, RENAMED);
  const found = seconds(began);
  await untilIndexed(again);
  const renamed = seconds(began);

  const figures = {
    files: FILES,
    folders: FILES / PER_FOLDER,
    'library.first_answer_s': firstAnswer,
    'library.indexing_s': indexing,
    'library.indexed_per_s': Math.round(FILES / indexing),
    'library.memory_mib': first.now,
    'library.memory_most_mib': first.most,
    'library.watches': watches,
    'library.restart_to_search_s': restart,
    'library.restart_to_watching_s': watching,
    'library.restart_memory_mib': restarted.now,
    'library.renamed_files': RENAMED,
    'library.renamed_found_s': found,
    'library.renamed_s': renamed,
  };
  if (options.json) console.log(JSON.stringify({ machine: machine(), ...figures }));
  else for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(32)} ${value}`);
} finally {
  await server?.stop();
  await rm(base, { recursive: true, force: true });
}
