/** Makes faiss-node's native addon load: as it is, from its published binary, or built from its source. */

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { canReach } from '../layers/onnx-resnet50/reach.ts';
import { buildFaiss } from './faiss-build.ts';
import { installFaissPackages } from './faiss-packages.ts';
import { runProgram } from './run-program.ts';
import { CannotContinue, say } from './say.ts';

const require = createRequire(import.meta.url);
const faissFolder = dirname(require.resolve('faiss-node/package.json'));

/**
 * Prepares faiss-node; costs a moment when that was done before.
 *
 * @throws CannotContinue with the ways there are when it cannot be done here.
 */
export async function prepareFaiss(): Promise<void> {
  if (loads()) return say('FAISS: the native addon loads.');

  say('FAISS: looking for the published binary of faiss-node.');
  if ((await canReach('https://github.com/ewfian/faiss-node', 5_000)) && downloadBinary()) {
    return say('FAISS: downloaded the published binary.');
  }

  say('FAISS: no published binary can be had here; building the addon from its source instead.');
  const missing = installFaissPackages();
  if (missing) throw new CannotContinue(waysToContinue(missing));
  const { ok, output } = buildFaiss(faissFolder);
  if (!ok || !loads()) throw new CannotContinue(waysToContinue(`the compiler said:\n${output}`));
  say('FAISS: built the addon, and it loads.');
}

/** In a process of its own: a binary made for another machine may end the process that loads it. */
const loads = (): boolean =>
  runProgram(process.execPath, ['-e', `new (require(${JSON.stringify(faissFolder)}).IndexFlatIP)(2)`]).ok;

function downloadBinary(): boolean {
  const program = require.resolve('prebuild-install/bin.js', { paths: [faissFolder] });
  const minutes = 5;
  const download = runProgram(process.execPath, [program, '--runtime', 'napi'], {
    cwd: faissFolder,
    timeoutMs: minutes * 60_000,
  });
  return download.ok && loads();
}

const waysToContinue = (reason: string): string =>
  `faiss-node's native addon could not be prepared: ${reason}

Ways to continue, any one of them:
- Debian or Ubuntu: sudo apt-get install g++ libfaiss-dev libopenblas-dev && npm run setup -- --faiss
- macOS: brew install faiss libomp openblas && npm run setup -- --faiss
- anywhere with access to github.com: run npm run setup -- --faiss there; it downloads the published binary
- another machine of the same kind has it: copy its node_modules/faiss-node/build here`;
