/**
 * `npm run test:lambda-node`: all tests on the Node that Lambda runs, whatever Node this machine has.
 *
 * The binary comes as a package of the npm registry, so that nothing else has to be reached.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './run-program.ts';
import { CannotContinue, say, warn } from './say.ts';

/** The version of the runtime nodejs24.x. */
const MAJOR = 24;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.cache', `node-${MAJOR}`);
const name = `node-${process.platform}-${process.arch}`;

/** The folder of a `node` of that version. @throws CannotContinue when the registry has none for this machine */
function nodeFolder(): string {
  const bin = join(folder, 'node_modules', name, 'bin');
  if (existsSync(join(bin, 'node'))) return bin;
  say(`Node ${MAJOR}: installing ${name}@${MAJOR} from the npm registry.`);
  const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', `${name}@${MAJOR}`];
  const { ok, output } = runProgram('npm', args, { timeoutMs: 300_000 });
  if (!ok || !existsSync(join(bin, 'node')))
    throw new CannotContinue(`${name}@${MAJOR} could not be installed:\n${output}`);
  return bin;
}

try {
  const bin = nodeFolder();
  const node = join(bin, 'node');
  say(`Testing on Node ${runProgram(node, ['--version']).output.trim()}.`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { status } = spawnSync(node, [vitest, 'run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    // Programs that tests start by the name "node" are to be of that version too.
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  process.exitCode = status ?? 1;
} catch (error) {
  if (!(error instanceof CannotContinue)) throw error;
  warn(error.message);
  process.exitCode = 1;
}
