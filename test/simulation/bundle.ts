/** Makes one file of the simulation and the code that it runs: quick to start, and a place to plant bugs. */

import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));

/** A change of one source file, for the simulation only. */
export interface Patch {
  /** Relative to the repository. */
  readonly file: string;
  /** Must occur exactly once. */
  readonly replace: string;
  readonly by: string;
}

/** Small sizes: the protocol does not look into vectors, and what takes many blocks in life should do so here. */
const SMALL: readonly Patch[] = [
  {
    file: 'pictures/dimensions.ts',
    replace: 'export const DIMENSIONS = 2048;',
    by: 'export const DIMENSIONS = 32;',
  },
  { file: 'vectorlog/commit/limits.ts', replace: 'rowsPerBlock: 1_024', by: 'rowsPerBlock: 3' },
  {
    file: 'vectorlog/commit/file-formats.ts',
    replace: 'const READ_BYTES = 8 * 1024 * 1024;',
    by: 'const READ_BYTES = 120;',
  },
];

/** Writes the bundle to `outfile`, with patches applied. @throws when a patch does not fit any more */
export async function bundleSimulation(outfile: string, patches: readonly Patch[] = []): Promise<void> {
  await build({
    entryPoints: [join(HERE, 'worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: [patching([...SMALL, ...patches])],
  });
}

function patching(patches: readonly Patch[]): Plugin {
  const unused = new Set(patches);
  return {
    name: 'patches',
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const own = patches.filter(({ file }) => file === relative(ROOT, path));
        if (own.length === 0) return undefined;
        let contents = await readFile(path, 'utf8');
        for (const patch of own) {
          const pieces = contents.split(patch.replace);
          if (pieces.length !== 2)
            throw new Error(`${patch.file} has ${pieces.length - 1} times: ${patch.replace}`);
          contents = pieces.join(patch.by);
          unused.delete(patch);
        }
        return { contents, loader: 'ts' };
      });
      onEnd(() => {
        for (const { file } of unused) throw new Error(`${file} is no part of the simulation`);
      });
    },
  };
}
