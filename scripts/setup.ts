/**
 * `npm run setup`: prepares what an installation without scripts leaves out. Safe to run again, and quick then.
 *
 *     npm run setup
 *     npm run setup -- --weights imagenet1k-v1
 *     npm run setup -- --weights /path/to/resnet50.pth
 */

import { buildCli } from './build.ts';
import { prepareFaiss } from './faiss.ts';
import { CannotContinue, say, warn } from './say.ts';

try {
  await prepareFaiss();
  await buildCli();
  say('Command line: built dist/likeness.js.');
} catch (error) {
  if (!(error instanceof CannotContinue)) throw error;
  warn(error.message);
  process.exitCode = 1;
}
