/** Bundles the command line into dist/likeness.js; packages with native code stay outside the bundle. */

import { chmod } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

export async function buildCli(): Promise<void> {
  const outfile = `${root}dist/likeness.js`;
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
    banner: { js: '#!/usr/bin/env node' },
  });
  await chmod(outfile, 0o755);
}
