/** Builds faiss-node's addon, one source file, against the FAISS library of the system. */

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type ProgramResult, runProgram } from './run-program.ts';

const require = createRequire(import.meta.url);

/** faiss-node is written against FAISS 1.7.4; Debian 12 has 1.7.3, where `idx_t` still stood inside `Index`. */
const COMPATIBILITY_HEADER = `#include <faiss/Index.h>
#if FAISS_VERSION_MAJOR == 1 && FAISS_VERSION_MINOR == 7 && FAISS_VERSION_PATCH < 4
namespace faiss { using idx_t = Index::idx_t; }
#endif
`;

/** Compiles into `build/Release/faiss-node.node` of faiss-node's folder, where its loader looks. */
export function buildFaiss(faissFolder: string): ProgramResult {
  const target = join(faissFolder, 'build', 'Release');
  mkdirSync(target, { recursive: true });
  // Built aside and renamed: two setups at once, or an interrupted one, leave no half of an addon behind.
  const scratch = mkdtempSync(join(target, 'building-'));
  try {
    const header = join(scratch, 'compatibility.h');
    const addon = join(scratch, 'faiss-node.node');
    writeFileSync(header, COMPATIBILITY_HEADER);
    const result = runProgram('g++', [
      ...['-O3', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=6', '-DNAPI_CPP_EXCEPTIONS'],
      ...['-include', header],
      ...includeFolders(faissFolder).map((folder) => `-I${folder}`),
      ...[join(faissFolder, 'src', 'faiss.cc'), '-o', addon],
      ...(process.platform === 'darwin' ? macLibraries() : LINUX_LIBRARIES),
    ]);
    if (result.ok) renameSync(addon, join(target, 'faiss-node.node'));
    return result;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const LINUX_LIBRARIES = ['-fopenmp', '-lfaiss', '-lopenblas', '-llapack', '-lgomp'];

function macLibraries(): string[] {
  const folders = ['faiss', 'libomp'].map((name) => runProgram('brew', ['--prefix', name]).output.trim());
  return [
    ...folders.flatMap((folder) => [`-I${folder}/include`, `-L${folder}/lib`, `-Wl,-rpath,${folder}/lib`]),
    ...['-undefined', 'dynamic_lookup', '-lfaiss', '-lomp', '-framework', 'Accelerate'],
  ];
}

function includeFolders(faissFolder: string): string[] {
  const napi: { include_dir: string } = require('node-api-headers');
  // The C++ wrapper in the version that faiss-node itself asks for.
  const wrapper = require.resolve('node-addon-api/package.json', { paths: [faissFolder] });
  return [napi.include_dir, dirname(wrapper)];
}
