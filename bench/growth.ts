/**
 * How search, refresh, compaction, cold start and memory grow with the rows: `npm run bench:growth [-- --json] [-- --quick]
 * [-- --rows 1000,300000]`. Each size has a process of its own, so that the memory of one is not that of another; the index is
 * in a folder, and its rows are made up. An exponent is the slope of a straight line through the logarithms.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runProgram } from '../scripts/run-program.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import { exponent } from './growth/exponent.ts';
import type { Size } from './growth/size.ts';
import { describeMachine, machine } from './machine.ts';
import { writeMadeUpIndex } from './made-up-index.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
  },
});
const SIZES = (options.rows ?? (options.quick ? '500,1000' : '1000,3000,10000,30000,100000,300000'))
  .split(',')
  .map(Number);
/** Below it, what does not depend on the rows is most of the time. */
const FITTED_FROM = options.quick ? 0 : 10_000;
const ROUNDS = options.quick ? 3 : 15;
/** That a compaction folds. */
const NEW_ROWS = options.quick ? 100 : 1_000;
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

/** What grows, and in what it is told. */
const GROWING = {
  search: 'searchMs',
  refresh: 'refreshMs',
  compaction: 'compactMs',
  'cold start': 'loadMs',
  memory: 'residentBytes',
} as const satisfies Record<string, keyof Size>;

say(describeMachine(machine()));
const sizes: Size[] = [];
for (const rows of SIZES) {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-growth-'));
  try {
    await writeMadeUpIndex(new FileStore(folder), { rows, modelId: 'growth', faiss: true });
    const program = fileURLToPath(new URL('growth/size.ts', import.meta.url));
    const args = ['--import', 'tsx', program, folder, ...[rows, ROUNDS, NEW_ROWS].map(String)];
    const { ok, output, stdout } = runProgram(process.execPath, args);
    if (!ok) throw new Error(`${rows} rows failed:\n${output}`);
    const size = JSON.parse(stdout) as Size;
    sizes.push(size);
    say(
      `${String(rows).padStart(7)} rows: search ${size.searchMs} ms, refresh ${size.refreshMs}, compaction of ${NEW_ROWS} new ` +
        `${size.compactMs}, first answer ${size.loadMs}, memory ${Math.round(size.residentBytes / 2 ** 20)} MiB`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
const fitted = sizes.filter(({ rows }) => rows >= FITTED_FROM);
const exponents = Object.fromEntries(
  Object.entries(GROWING).map(([name, figure]) => [
    name,
    exponent(fitted.map((size) => ({ rows: size.rows, figure: size[figure] }))),
  ]),
);
for (const [name, value] of Object.entries(exponents))
  say(`${name.padEnd(12)} grows as rows to the ${value}`);
if (options.json)
  console.log(
    JSON.stringify({ machine: machine(), rounds: ROUNDS, fittedFrom: FITTED_FROM, exponents, sizes }),
  );
