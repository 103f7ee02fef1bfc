/** The compiled kernels and the worker's program, from the file that `npm run build:kernel` writes. */

import {
  ENCODER_BASE64,
  FOURS_BASE64,
  PAIRS_BASE64,
  PORTABLE_BASE64,
  WORKER_SOURCE,
} from './kernel.generated.ts';
import type { Encoder } from './kernel.ts';

/**
 * By how bytes are multiplied: as any processor can, by sums of two products (fastest on x86), or by sums of four
 * (fastest on ARM). Node has the latter two from 22 on. All give the same.
 */
export type KernelName = 'portable' | 'pairs' | 'fours';

const SOURCES: Readonly<Record<KernelName, string>> = {
  portable: PORTABLE_BASE64,
  pairs: PAIRS_BASE64,
  fours: FOURS_BASE64,
};
const compiled = new Map<KernelName, WebAssembly.Module>();

/**
 * A kernel's module, compiled once a process; workers are sent the result.
 *
 * @throws WebAssembly.CompileError when this Node cannot run it
 */
export function kernelModule(name: KernelName = bestKernel()): WebAssembly.Module {
  const module = compiled.get(name) ?? new WebAssembly.Module(Buffer.from(SOURCES[name], 'base64'));
  compiled.set(name, module);
  return module;
}

/** The kernels that this Node can run. */
export const usableKernels = (): KernelName[] =>
  (['portable', 'pairs', 'fours'] as const).filter((name) =>
    WebAssembly.validate(Buffer.from(SOURCES[name], 'base64')),
  );

/** The fastest kernel that this Node can run on this processor. */
function bestKernel(): KernelName {
  const wanted = process.arch === 'arm64' ? 'fours' : 'pairs';
  return usableKernels().includes(wanted) ? wanted : 'portable';
}

export const newEncoder = (): Encoder =>
  new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(ENCODER_BASE64, 'base64')))
    .exports as unknown as Encoder;

/** A complete CommonJS program, so that a worker starts the same from source, from a bundle and on Lambda. */
export const workerSource = WORKER_SOURCE;
