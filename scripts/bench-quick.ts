/**
 * `npm run bench:all-quick`: every benchmark in its short form, so that none stops working unnoticed. Its figures mean
 * nothing; what counts is that each runs on a clean clone and prints one JSON object.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './run-program.ts';
import { say, warn } from './say.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const SELF = 'bench:all-quick';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const names = Object.keys(scripts).filter((name) => name.startsWith('bench:') && name !== SELF);

let failed = 0;
for (const name of names) {
  const began = performance.now();
  const { ok, output, stdout } = runProgram('npm', ['run', '--silent', name, '--', '--quick', '--json'], {
    cwd: root,
    timeoutMs: 600_000,
  });
  const fault = ok ? faultOf(stdout) : `it failed:\n${output.trim().slice(-2_000)}`;
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  if (fault) {
    failed++;
    warn(`${name}: ${fault}`);
  } else say(`${name}: ran in ${seconds} s`);
}
say(`${names.length - failed} passed, ${failed} failed`);
if (failed > 0 || names.length === 0) process.exitCode = 1;

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
