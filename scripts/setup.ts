/**
 * `npm run setup`: prepares what an installation without scripts leaves out. Safe to run again, and quick then.
 *
 *     npm run setup
 *     npm run setup -- --weights imagenet1k-v1
 *     npm run setup -- --weights /path/to/resnet50.pth
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCli, buildConsole } from './build.ts';
import { prepareFaiss } from './faiss.ts';
import { prepareChosenModel } from './prepare-model.ts';
import { CannotContinue, say, warn } from './say.ts';

try {
  const { values } = parseArgs({ options: { weights: { type: 'string' } } });
  await prepareFaiss();
  await prepareChosenModel(fromWhereTyped(values.weights ?? process.env.LIKENESS_WEIGHTS));
  await buildCli();
  say('Command line: built dist/likeness.js.');
  say(`Console: ${(await buildConsole()) ? 'built dist/console' : 'is there'}.`);
} catch (error) {
  if (!(error instanceof CannotContinue)) throw error;
  warn(error.message);
  process.exitCode = 1;
}

/** npm runs scripts in the package's folder, but a path means the folder in which it was typed. */
function fromWhereTyped(weights: string | undefined): string | undefined {
  const isPath = weights !== undefined && /[./\\]/.test(weights);
  return isPath ? resolve(process.env.INIT_CWD ?? '.', weights) : weights || undefined;
}
