/** The compiled kernels and the worker's program, from the file that `npm run build:kernel` writes. */

import { ENCODER_BASE64, KERNEL_BASE64, RELAXED_KERNEL_BASE64, WORKER_SOURCE } from './kernel.generated.ts';
import type { Encoder } from './kernel.ts';

/** `relaxed` uses the processor's product of bytes; Node has that from 22 on. Both give the same. */
export type KernelName = 'portable' | 'relaxed';

const compiled = new Map<KernelName, WebAssembly.Module>();

/**
 * A kernel's module, compiled once a process; workers are sent the result.
 *
 * @throws WebAssembly.CompileError when this Node cannot run it
 */
export function kernelModule(name: KernelName = bestKernel()): WebAssembly.Module {
  const base64 = { portable: KERNEL_BASE64, relaxed: RELAXED_KERNEL_BASE64 }[name];
  const module = compiled.get(name) ?? new WebAssembly.Module(Buffer.from(base64, 'base64'));
  compiled.set(name, module);
  return module;
}

/** The fastest kernel that this Node can run. */
export const bestKernel = (): KernelName =>
  WebAssembly.validate(Buffer.from(RELAXED_KERNEL_BASE64, 'base64')) ? 'relaxed' : 'portable';

export const newEncoder = (): Encoder =>
  new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(ENCODER_BASE64, 'base64')))
    .exports as unknown as Encoder;

/** A complete CommonJS program, so that a worker starts the same from source, from a bundle and on Lambda. */
export const workerSource = WORKER_SOURCE;
