/**
 * `npm run test:faults [-- --quick] [--seed N] [--kills N] [--only TEXT]`: the real server under real faults. After each,
 * every acknowledged picture is found, every deleted one is not, and `verify` finds no damage. One seed replays the choices
 * of a run; the moments of a kill are the machine's.
 */

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCli } from '../../scripts/build.ts';
import { say, warn } from '../../scripts/say.ts';
import { inParallel } from '../../vectorlog/parallel.ts';
import { Random } from '../../vectorlog/testing/random.ts';
import { disks } from './disks.ts';
import { faultyS3 } from './faulty-s3.ts';
import { brokenShare, hungShare } from './hung-share.ts';
import { kills } from './kills.ts';
import type { Scenario } from './scenario.ts';
import { ServedLibrary } from './served.ts';
import { servers } from './servers.ts';
import { writeTinyModel } from './tiny-model.ts';

const QUICK_KILLS = 6;
/** They mostly wait for something to happen. */
const QUICK_AT_ONCE = 5;
const KILLS = 500;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    kills: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const killCount = Number(values.kills ?? (values.quick ? QUICK_KILLS : KILLS));

const model = await mkdtemp(join(tmpdir(), 'likeness-faults-model-'));
let failed = 0;
try {
  await buildCli();
  await writeTinyModel(model);
  // One scenario serves as somebody else.
  await chmod(model, 0o755);
  say(`seed ${seed}`);
  // The longest first.
  const scenarios = [hungShare, brokenShare, faultyS3, ...servers, kills, ...disks].filter(({ name }) =>
    name.includes(values.only),
  );
  const results = inParallel(
    values.quick ? QUICK_AT_ONCE : 1,
    scenarios.map((scenario) => () => holds(scenario)),
  );
  for (const result of results) if (!(await result)) failed++;
} finally {
  await rm(model, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;

async function holds({ name, obstacle, run }: Scenario): Promise<boolean> {
  const because = obstacle?.();
  if (because) {
    say(`skipped  ${name}: ${because}`);
    return true;
  }
  const library = await ServedLibrary.make(model);
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1_000).toFixed(0)} s`;
  try {
    const done = await run(library, { random: new Random(seed), kills: killCount, quick: values.quick });
    say(`holds    ${name} (${seconds()}): ${done}`);
    return true;
  } catch (error) {
    warn(`BROKEN   ${name} (${seconds()}): ${(error as Error).message}`);
    warn(`         again: npm run test:faults -- --seed ${seed} --kills ${killCount} --only '${name}'`);
    return false;
  } finally {
    await library.remove();
  }
}
