/** The functions as bundles: one minified ES module each, with a source map, and what cannot be bundled beside it. */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';
import { IS_CLONE, ROOT } from './lock-file.ts';
import { type LambdaArchitecture, nativePackages, shipNativePackage } from './native-packages.ts';

/** The folders in functions/, by the names that the construct has for them. */
export const FUNCTIONS = {
  onUpload: 'on-upload',
  compact: 'compact',
  search: 'search',
  front: 'front',
  backfill: 'backfill',
} as const;
export type FunctionName = keyof typeof FUNCTIONS;

/** Native packages of a bundle, by the names that code asks for. */
const NATIVES_FILE = 'natives.json';

/**
 * Writes `<out>/<folder>/index.mjs`, its source map and its node_modules.
 *
 * The same sources give the same bytes on every machine, so that a deployment without a change changes nothing. An
 * installed package brings the bundle that its release was made with.
 *
 * @returns the folder
 */
export async function packFunction(
  name: FunctionName,
  architecture: LambdaArchitecture,
  out: string,
): Promise<string> {
  const folder = join(out, FUNCTIONS[name]);
  rmSync(folder, { recursive: true, force: true });
  if (IS_CLONE) await bundleFunction(name, folder);
  else cpSync(join(ROOT, 'dist', 'functions', FUNCTIONS[name]), folder, { recursive: true });
  const asked = JSON.parse(readFileSync(join(folder, NATIVES_FILE), 'utf8')) as string[];
  rmSync(join(folder, NATIVES_FILE));
  for (const native of nativePackages(architecture))
    if (native.place === 'function' && asked.includes(native.name))
      shipNativePackage(native, join(folder, 'node_modules'));
  return folder;
}

/** Writes `index.mjs`, its source map, and a list of the native packages that it asks for. */
export async function bundleFunction(name: FunctionName, folder: string): Promise<void> {
  // Their names do not depend on the processor.
  const natives = nativePackages('x64').map((native) => native.name);
  mkdirSync(folder, { recursive: true });
  // Only a clone has it: an installed package brings its bundles.
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`functions/${FUNCTIONS[name]}/lambda.ts`],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    // Errors and log lines carry the names of classes.
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // CommonJS packages in the bundle call require.
    banner: {
      js: "import{createRequire as likenessRequire}from'node:module';const require=likenessRequire(import.meta.url);",
    },
    plugins: [requireNativePackages(natives)],
  });
  const asked = natives.filter((native) => imports(metafile, native));
  writeFileSync(join(folder, NATIVES_FILE), JSON.stringify(asked));
}

const imports = (metafile: Metafile, name: string): boolean =>
  Object.values(metafile.inputs).some((input) =>
    input.imports.some((one) => one.external && one.path === name),
  );

/**
 * Turns imports of native packages into calls of require, which looks in the layer as well (NODE_PATH); an ES import
 * looks only beside the code.
 */
const requireNativePackages = (names: readonly string[]): Plugin => ({
  name: 'require-native-packages',
  setup({ onResolve, onLoad }) {
    const namespace = 'native-package';
    onResolve({ filter: /^[a-z]/ }, ({ path, namespace: from }) => {
      if (!names.includes(path)) return undefined;
      return from === namespace ? { path, external: true } : { path, namespace };
    });
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
    // A package that brings native code and is not on the list would work here and fail on Lambda.
    onLoad({ filter: /\.node$/ }, ({ path }) => ({
      errors: [{ text: `${path} is native code; its package must be in cdk/bundling/native-packages.ts` }],
    }));
  },
});
