/**
 * `npm run bench:all-quick`: every benchmark in its short form, two at a time, so that none stops working unnoticed. Its
 * figures mean nothing; what counts is that each runs on a clean clone and prints one JSON object.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mapInParallel } from '../vectorlog/parallel.ts';
import { say, warn } from './say.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const SELF = 'bench:all-quick';
/** Much of each is starting programs and waiting for them. */
const AT_ONCE = 2;
const TIMEOUT_MS = 600_000;

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const names = Object.keys(scripts).filter((name) => name.startsWith('bench:') && name !== SELF);

const began = performance.now();
const faults = await mapInParallel(AT_ONCE, names, async (name) => {
  const started = performance.now();
  const fault = await faultIn(name);
  if (fault === undefined) say(`${name}: ran in ${secondsSince(started)} s`);
  else warn(`${name}: ${fault}`);
  return fault;
});
const failed = faults.filter((fault) => fault !== undefined).length;
say(`${names.length - failed} passed, ${failed} failed, in ${secondsSince(began)} s`);
if (failed > 0 || names.length === 0) process.exitCode = 1;

/** What is wrong with a benchmark, if anything is. */
async function faultIn(name: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      'npm',
      ['run', '--silent', name, '--', '--quick', '--json'],
      {
        cwd: root,
        timeout: TIMEOUT_MS,
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return faultOf(stdout);
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    return `it failed:\n${[message, stdout, stderr].join('\n').trim().slice(-2_000)}`;
  }
}

/** What is wrong with what a benchmark printed on standard output, if anything is. */
function faultOf(stdout: string): string | undefined {
  try {
    const figures: unknown = JSON.parse(stdout);
    const isObject = typeof figures === 'object' && figures !== null && !Array.isArray(figures);
    return isObject && Object.keys(figures).length > 0 ? undefined : 'it printed no figures';
  } catch {
    return `it printed something else than one JSON object:\n${stdout.slice(0, 500)}`;
  }
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1_000).toFixed(1);
}
