/** Compiles the scan's kernel and bundles its worker into one checked-in module, core/scan/kernel.generated.ts. */

import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the module stands that the product loads. */
export const GENERATED = join(root, 'core/scan/kernel.generated.ts');

/**
 * Compiles AssemblyScript to WebAssembly over an imported shared memory of up to 4 GiB.
 *
 * @param path of the source, from the root
 */
export async function compileAssembly(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const source = await readFile(join(root, path), 'utf8');
  const written = new Map<string, Uint8Array<ArrayBuffer>>();
  const messages: string[] = [];
  const { error } = await asc.main(
    [
      'module.ts',
      ...['--outFile', 'module.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd,threads'],
      ...['--importMemory', '--noExportMemory', '--sharedMemory'],
      ...['--initialMemory', '1', '--maximumMemory', '65535'],
    ],
    {
      readFile: (name) => (name === 'module.ts' ? source : null),
      writeFile: (name, contents) => {
        written.set(name, contents as Uint8Array<ArrayBuffer>);
      },
      listFiles: () => [],
      stderr: { write: (text) => messages.push(String(text)) },
    },
  );
  if (error) throw new Error(`${path} does not compile:\n${messages.join('')}`, { cause: error });
  return written.get('module.wasm')!;
}

/** The worker with all it imports, as one CommonJS program. */
export async function bundleWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'core/scan/worker.ts')],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    charset: 'ascii',
    legalComments: 'none',
  });
  return outputFiles[0]!.text.trim();
}

/** The text of the generated module. */
export async function generate(): Promise<string> {
  const [kernel, worker] = await Promise.all([
    compileAssembly('core/scan/assembly/kernel.ts'),
    bundleWorker(),
  ]);
  return [
    '/** Written by `npm run build:kernel` from assembly/kernel.ts and worker.ts; a test compares them. */',
    '',
    '// biome-ignore-all lint: generated',
    '// biome-ignore-all format: generated',
    `export const KERNEL_BASE64 = '${Buffer.from(kernel).toString('base64')}';`,
    `export const WORKER_SOURCE = ${JSON.stringify(worker)};`,
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(GENERATED, await generate());
  console.log(`wrote ${GENERATED}`);
}
