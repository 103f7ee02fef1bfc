/**
 * Builds what others import from the package, into dist/: JavaScript and declarations of `./client`, `./vectorlog` and
 * `./cdk`. The command line and the console are built by `npm run setup`, which runs before.
 */

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What package.json exports, by the name of its file in dist/. */
const ENTRIES = {
  'client/index': 'client/index.ts',
  'client/sigv4': 'client/sigv4.ts',
} as const;

/** @param out the folder in place of dist/; the declarations go below its `types` */
export async function buildPackage(out = join(root, 'dist')): Promise<void> {
  const outdir = resolve(out);
  for (const folder of ['client', 'types', 'chunks'])
    await rm(join(outdir, folder), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = ['--project', join(root, 'tsconfig.package.json'), '--outDir', join(outdir, 'types')];
  await promisify(execFile)(process.execPath, [tsc, ...project]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPackage(process.argv[2]);
