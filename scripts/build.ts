/** Builds what runs: the command line as one file, and the console as static files. */

import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Node has 4 threads for all files: a share that hangs would take them all, and searches would wait for it. How many there are is
 * settled when the first file is read, and a module is read by them: so this is none.
 */
const START = `#!/usr/bin/env node
'use strict';
process.env.UV_THREADPOOL_SIZE ??= '16';
import('./likeness.js');
`;

/**
 * Bundles the command line into dist/likeness.js, which dist/likeness.cjs starts; packages stay outside, since some have native
 * code.
 */
export async function buildCli(): Promise<void> {
  const outfile = join(root, 'dist', 'likeness.js');
  await build({
    absWorkingDir: root,
    entryPoints: ['cli/likeness.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    logLevel: 'warning',
  });
  const start = join(root, 'dist', 'likeness.cjs');
  await writeFile(start, START);
  await chmod(start, 0o755);
}

/** Builds the console into dist/console. @returns whether it had to */
export async function buildConsole(): Promise<boolean> {
  const builtAt = await modifiedAt(join(root, 'dist', 'console', 'index.html'));
  const sources = [
    'console',
    'client',
    'functions/search',
    'pictures/decoding/limits.ts',
    'package-lock.json',
  ];
  const changes = await Promise.all(sources.map((path) => newestIn(join(root, path))));
  if (Math.max(...changes) < builtAt) return false;
  const vite = await import('vite');
  await vite.build({ configFile: join(root, 'console', 'vite.config.ts'), logLevel: 'warn' });
  return true;
}

/** When something at or below `path` last changed, in milliseconds since the Unix epoch. */
async function newestIn(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true }).catch(() => []);
  return Math.max(...(await Promise.all([path, ...entries.map((name) => join(path, name))].map(modifiedAt))));
}

const modifiedAt = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
