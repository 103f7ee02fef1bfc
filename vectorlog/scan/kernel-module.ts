/** The compiled kernel and the worker's program, from the file that `npm run build:kernel` writes. */

import { KERNEL_BASE64, WORKER_SOURCE } from './kernel.generated.ts';

let compiled: WebAssembly.Module | undefined;

/** Compiled once a process; workers are sent the result. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(KERNEL_BASE64, 'base64'));
  return compiled;
}

/** A complete CommonJS program, so that a worker starts the same from source, from a bundle and on Lambda. */
export const workerSource = WORKER_SOURCE;
