/** Builds `likeness-search/client` for those who install the package: JavaScript and its declarations, in dist/client. */

import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param out the folder for `index.js`, `sigv4.js` and, under `types`, the declarations */
export async function buildClient(out = join(root, 'dist', 'client')): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['client/index.ts', 'client/sigv4.ts'],
    outdir: resolve(out),
    bundle: true,
    packages: 'external',
    platform: 'neutral',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = ['--project', join(root, 'client'), '--outDir', join(resolve(out), 'types')];
  await promisify(execFile)(process.execPath, [tsc, ...project]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildClient(process.argv[2]);
