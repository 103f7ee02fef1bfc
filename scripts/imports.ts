/** Follows the imports of a file, without making anything of it. */

import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

/** Every module of ours that `entry` reaches, with what each imports; packages are named and not followed. */
export async function importsOf(entry: string): Promise<Metafile['inputs']> {
  const { metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return metafile.inputs;
}
