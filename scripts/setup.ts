/**
 * `npm run setup`: prepares what an installation without scripts leaves out. Safe to run again, and quick then.
 *
 *     npm run setup
 *     npm run setup -- --weights /path/to/resnet50.pth      as `likeness setup` takes it
 *     npm run setup -- --faiss                              faiss-node too, which tests, benchmarks and verify use
 */

import { run } from '../cli/program.ts';
import { processTerminal } from '../cli/terminal.ts';
import { buildCli, buildConsole } from './build.ts';
import { prepareFaiss } from './faiss.ts';
import { CannotContinue, say, warn } from './say.ts';

const FAISS = '--faiss';

try {
  const args = process.argv.slice(2);
  if (args.includes(FAISS)) await prepareFaiss();
  await buildCli();
  say('Command line: built dist/likeness.js.');
  say(`Console: ${(await buildConsole()) ? 'built dist/console' : 'is there'}.`);
  process.exitCode = await run(['setup', ...args.filter((arg) => arg !== FAISS)], processTerminal);
} catch (error) {
  if (!(error instanceof CannotContinue)) throw error;
  warn(error.message);
  process.exitCode = 1;
}
