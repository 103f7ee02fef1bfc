/**
 * Everything of docs/benchmarks.md: `npm run bench [-- --only reference,search,embed,growth,cold,load,functions,cost] [-- --quick] [-- --page]`.
 *
 * Each part is kept as one JSON file in bench/results, so that one alone can be measured again; the page and its plots are made from
 * what is there. The deployed functions are measured where `npm run test:assets` has made them. `--page` measures nothing. `--quick`
 * sees whether all of it works, in a folder of its own: its figures mean nothing.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ELSEWHERE, likeness } from '../scripts/cost/model.ts';
import { runProgram } from '../scripts/run-program.ts';
import { machine } from './machine.ts';
import { benchmarksPage, PART_NAMES } from './page/page.ts';
import { plots } from './page/plots.ts';
import { type CostFigures, type PartName, RESULTS, readResults, writeResult } from './page/results.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
  },
});

/** What measures each part, the size of its long form, and the packages whose versions matter to it. */
const PARTS: Readonly<
  Record<
    PartName,
    {
      readonly script?: string;
      readonly flags?: string;
      readonly size?: string;
      readonly packages: readonly string[];
    }
  >
> = {
  reference: { script: 'bench:reference', packages: ['onnxruntime-node', 'sharp'] },
  search: { script: 'bench:search', size: '--rounds 8', packages: ['faiss-node'] },
  embed: { script: 'bench:embed', packages: ['onnxruntime-node', 'sharp'] },
  growth: { script: 'bench:growth', packages: [] },
  cold: { script: 'bench:cold', size: '--rows 1000,10000,100000,300000', packages: ['onnxruntime-node'] },
  load: { script: 'bench:load', packages: ['onnxruntime-node', 'sharp'] },
  functions: {
    script: 'bench:load',
    flags: '--assets',
    size: '--pictures 1000',
    packages: ['onnxruntime-node', 'sharp'],
  },
  cost: { packages: [] },
};

const PICTURES = [1_000, 10_000, 100_000, 1_000_000];
const SEARCHES = [1_000, 10_000, 100_000, 1_000_000];

function costs(): CostFigures {
  const months = PICTURES.flatMap((pictures) => SEARCHES.map((searches) => ({ pictures, searches })));
  return {
    months: months.map((month) => ({
      ...month,
      usd: {
        Likeness: likeness(month),
        ...Object.fromEntries(Object.entries(ELSEWHERE).map(([name, cost]) => [name, cost(month)])),
      },
    })),
  };
}

/** What a benchmark prints, as JSON. @param flags for its npm script */
function measured(script: string, flags: readonly string[]): Record<string, unknown> {
  const given = ['run', '--silent', script, '--', '--json', ...flags];
  const { ok, output, stdout } = runProgram('npm', given, { cwd: ROOT });
  if (!ok) throw new Error(`${script} failed:\n${output.trim().slice(-2_000)}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Versions of packages, of this project or of those that it is compared with. */
function versionsOf(part: PartName): Record<string, string> {
  const version = (folder: string, name: string): string =>
    (JSON.parse(readFileSync(join(ROOT, folder, name, 'package.json'), 'utf8')) as { version: string })
      .version;
  const own = PARTS[part].packages.map((name) => [name, version('node_modules', name)]);
  const isBesidePeers = part === 'search' && !options.quick;
  const peers = isBesidePeers
    ? ['usearch', '@lancedb/lancedb'].map((name) => [name, version('bench/peers/node_modules', name)])
    : [];
  return Object.fromEntries([...own, ...peers]);
}

function measure(part: PartName): void {
  const [loadBefore = 0] = loadavg();
  const started = performance.now();
  const { script, flags, size } = PARTS[part];
  // The sizes of a short form are its own.
  const asked = [flags, options.quick ? '--quick' : size].flatMap((each) => each?.split(' ') ?? []);
  const found: Record<string, unknown> = script ? measured(script, asked) : { ...costs() };
  const { machine: _, ...figures } = found;
  const others = (figures.versions ?? figures.reference) as Record<string, unknown> | null | undefined;
  const named = Object.entries(others ?? {}).filter(([, version]) => typeof version === 'string');
  writeResult(results, {
    part,
    command: script
      ? ['npm run', script, ...(asked.length > 0 ? ['--', ...asked] : [])].join(' ')
      : 'npm run bench -- --only cost',
    day: new Date().toISOString().slice(0, 10),
    seconds: Math.round((performance.now() - started) / 1_000),
    loadBefore: Math.round(loadBefore * 100) / 100,
    machine: machine(),
    versions: { ...versionsOf(part), ...(Object.fromEntries(named) as Record<string, string>) },
    figures,
  });
  console.log(`${part}: ${Math.round((performance.now() - started) / 1_000)} s`);
}

const scratch = join(ROOT, '.cache', 'bench', 'quick');
const results = options.quick ? join(scratch, 'results') : RESULTS;
const docs = options.quick ? scratch : join(ROOT, 'docs');
const wanted = options.only?.split(',') ?? PART_NAMES;
const unknown = wanted.filter((name) => !PART_NAMES.some((part) => part === name));
if (unknown.length > 0) throw new Error(`there is no part ${unknown.join()}; there are ${PART_NAMES.join()}`);
if (!options.page) {
  for (const part of PART_NAMES.filter((name) => wanted.includes(name))) {
    if (part !== 'functions' || options.only || existsSync(join(ROOT, 'cdk.out'))) measure(part);
    else console.log('functions: left out, since there is no cdk.out; "npm run test:assets" makes it');
  }
}

const all = readResults(results, PART_NAMES);
const pictures = join(docs, 'benchmarks');
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures, { recursive: true });
writeFileSync(join(docs, 'benchmarks.md'), benchmarksPage(all));
for (const [name, text] of Object.entries(plots(all))) writeFileSync(join(pictures, name), text);
console.log(`wrote ${join(docs, 'benchmarks.md')}`);
