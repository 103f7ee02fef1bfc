/**
 * `npm run setup`: prepares what an installation without scripts leaves out. Safe to run again, and quick then.
 *
 *     npm run setup
 *     npm run setup -- --weights imagenet1k-v1
 *     npm run setup -- --weights /path/to/resnet50.pth
 *     npm run setup -- --precision int8
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import { buildCli, buildConsole } from './build.ts';
import { prepareFaiss } from './faiss.ts';
import { prepareChosenModel } from './prepare-model.ts';
import { CannotContinue, say, warn } from './say.ts';

try {
  const { values } = parseArgs({ options: { weights: { type: 'string' }, precision: { type: 'string' } } });
  await prepareFaiss();
  await prepareChosenModel({
    weights: fromWhereTyped(values.weights ?? process.env.LIKENESS_WEIGHTS),
    precision: known(values.precision),
  });
  await buildCli();
  say('Command line: built dist/likeness.js.');
  say(`Console: ${(await buildConsole()) ? 'built dist/console' : 'is there'}.`);
} catch (error) {
  if (!(error instanceof CannotContinue || error instanceof LikenessError)) throw error;
  warn(error.message);
  process.exitCode = 1;
}

function known(precision: string | undefined): ModelInfo['precision'] | undefined {
  if (precision === undefined || precision === 'fp32' || precision === 'int8') return precision;
  throw new CannotContinue(`--precision ${precision}: it is fp32 or int8`);
}

/** npm runs scripts in the package's folder, but a path means the folder in which it was typed. */
function fromWhereTyped(weights: string | undefined): string | undefined {
  const isPath = weights !== undefined && /[./\\]/.test(weights);
  return isPath ? resolve(process.env.INIT_CWD ?? '.', weights) : weights || undefined;
}
