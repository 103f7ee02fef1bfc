/**
 * Compiles the kernels to WebAssembly and checks them in as modules: vectorlog/scan/kernel.generated.ts, with the bundle of
 * the scan's worker, and pictures/embedding/resampling/kernel.generated.ts; and the bundle of the worker that compares pictures.
 */

import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** How the scan's kernel multiplies bytes; see there. Those that are not portable need relaxed SIMD. */
export type Products = 'portable' | 'pairs' | 'fours';
const PRODUCTS: Readonly<Record<Products, number>> = { portable: 0, pairs: 1, fours: 2 };
const setProducts = (products: Products): string => `const PRODUCTS: i32 = ${PRODUCTS[products]};`;

/** Whose memory a kernel works on: one of its own, which grows as needed, or a shared one of up to 4 GiB. */
export type KernelMemory = 'own' | 'shared';

const MEMORY_FLAGS: Record<KernelMemory, readonly string[]> = {
  own: ['--enable', 'simd', '--initialMemory', '1'],
  shared: [
    ...['--enable', 'simd,threads', '--importMemory', '--noExportMemory', '--sharedMemory'],
    ...['--initialMemory', '1', '--maximumMemory', '65535'],
  ],
};

/**
 * Compiles AssemblyScript to WebAssembly.
 *
 * @param path of the source, from the root
 * @param products of the scan's kernel
 */
export async function compileAssembly(
  path: string,
  memory: KernelMemory,
  products: Products = 'portable',
): Promise<Uint8Array<ArrayBuffer>> {
  const source = await readFile(join(root, path), 'utf8');
  const written = new Map<string, Uint8Array<ArrayBuffer>>();
  const messages: string[] = [];
  const { error } = await asc.main(
    [
      'module.ts',
      ...['--outFile', 'module.wasm', '-O3', '--noAssert', '--runtime', 'stub'],
      ...MEMORY_FLAGS[memory],
      ...(products === 'portable' ? [] : ['--enable', 'relaxed-simd']),
    ],
    {
      readFile: (name) =>
        name === 'module.ts'
          ? source
          : (neighbour(path, name)?.replace(setProducts('portable'), setProducts(products)) ?? null),
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

/** The text of a file beside a source, which the source imports; `null` when there is none, as the compiler wants it. */
function neighbour(path: string, name: string): string | null {
  const file = join(root, dirname(path), name);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** A worker with all it imports, as one CommonJS program. */
async function bundleWorker(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, path)],
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

/** The text of a generated module. */
const moduleText = (sources: string, constants: Readonly<Record<string, string>>): string =>
  [
    `/** Written by \`npm run build:kernel\` from ${sources}; a test compares them. */`,
    '',
    '// biome-ignore-all lint: generated',
    '// biome-ignore-all format: generated',
    ...Object.entries(constants).map(([name, value]) => `export const ${name} = ${value};`),
    '',
  ].join('\n');

const base64 = (bytes: Uint8Array): string => `'${Buffer.from(bytes).toString('base64')}'`;

const SCAN_KERNEL = 'vectorlog/scan/assembly/kernel.ts';

/** The modules that the product loads: where each stands, from the root, and how its text is made. */
export const GENERATED: Readonly<Record<string, () => Promise<string>>> = {
  'vectorlog/scan/kernel.generated.ts': async () =>
    moduleText('assembly and worker.ts', {
      PORTABLE_BASE64: base64(await compileAssembly(SCAN_KERNEL, 'shared')),
      PAIRS_BASE64: base64(await compileAssembly(SCAN_KERNEL, 'shared', 'pairs')),
      FOURS_BASE64: base64(await compileAssembly(SCAN_KERNEL, 'shared', 'fours')),
      ENCODER_BASE64: base64(await compileAssembly('vectorlog/scan/assembly/encoder.ts', 'own')),
      WORKER_SOURCE: JSON.stringify(await bundleWorker('vectorlog/scan/worker.ts')),
    }),
  'pictures/duplicates/comparing-worker.generated.ts': async () =>
    moduleText('comparing-worker.ts', {
      WORKER_SOURCE: JSON.stringify(await bundleWorker('pictures/duplicates/comparing-worker.ts')),
    }),
  'pictures/embedding/resampling/kernel.generated.ts': async () =>
    moduleText('assembly/kernel.ts', {
      KERNEL_BASE64: base64(await compileAssembly('pictures/embedding/resampling/assembly/kernel.ts', 'own')),
    }),
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [path, generate] of Object.entries(GENERATED)) {
    await writeFile(join(root, path), await generate());
    console.log(`wrote ${path}`);
  }
}
