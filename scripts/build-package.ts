/**
 * Builds what others import from the package, into dist/: JavaScript and declarations of `./client`, `./vectorlog` and
 * `./cdk`, and for the construct the functions' bundles. The command line and the console are built by `npm run setup`, which runs before.
 */

import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { bundleFunction, FUNCTIONS, type FunctionName } from '../cdk/bundling/functions.ts';
import { lockedPackage, PUBLISHED_LOCK } from '../cdk/bundling/lock-file.ts';
import { ARCHITECTURES, nativePackages } from '../cdk/bundling/native-packages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What package.json exports, by the name of its file in dist/. */
const ENTRIES = {
  'client/index': 'client/index.ts',
  'client/sigv4': 'client/sigv4.ts',
  'vectorlog/index': 'vectorlog/index.ts',
  'vectorlog/testing/index': 'vectorlog/testing/index.ts',
  'cdk/index': 'cdk/index.ts',
  // The program that the construct runs while an app is synthesised.
  'cdk/bundling': 'cdk/bundling/build.ts',
} as const;

/** @param out the folder in place of dist/; the declarations go below its `types` */
async function buildPackage(out = join(root, 'dist')): Promise<void> {
  const outdir = resolve(out);
  for (const folder of ['client', 'vectorlog', 'cdk', 'functions', 'types', 'chunks'])
    await rm(join(outdir, folder), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  for (const name of Object.keys(FUNCTIONS) as FunctionName[])
    await bundleFunction(name, join(outdir, 'functions', FUNCTIONS[name]));
  await writeLockedPackages(join(outdir, basename(PUBLISHED_LOCK)));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = ['--project', join(root, 'tsconfig.package.json'), '--outDir', join(outdir, 'types')];
  await promisify(execFile)(process.execPath, [tsc, ...project]);
}

/** What the construct needs to know of package-lock.json, which npm does not publish. */
async function writeLockedPackages(file: string): Promise<void> {
  const ships = ARCHITECTURES.flatMap(nativePackages).flatMap((native) =>
    native.ships.map((name) => lockedPackage(name, native.name)),
  );
  const packages = Object.fromEntries(
    ships.map(({ name, version, integrity }) => [`node_modules/${name}`, { version, integrity }]),
  );
  await writeFile(file, JSON.stringify({ packages }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPackage(process.argv[2]);
