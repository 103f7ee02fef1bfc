/** The memory's read speed: all cores read other memory of the same size once, in two ways. */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { compileAssembly } from '../../scripts/build-kernel.ts';
import type { Contender } from './contender.ts';

/** Each worker reads its share in pieces of 2 MiB that it takes in turn, as the scan does. */
const WORKER = `
  const { parentPort, workerData: { module, memory, turns } } = require('node:worker_threads');
  const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const piece = 2 ** 21;
  parentPort.on('message', ({ way, bytes }) => {
    for (let at = 65536 + Atomics.add(turns, 0, 1) * piece; at < 65536 + bytes; at = 65536 + Atomics.add(turns, 0, 1) * piece) {
      kernel[way](at, Math.min(piece, 65536 + bytes - at));
    }
    parentPort.postMessage(undefined);
  });
`;

export interface ReadSpeed extends Pick<Contender, 'name' | 'close'> {
  /** Reads everything once in each way. @returns milliseconds of each */
  read(): Promise<number[]>;
}

export async function readSpeed(bytes: number): Promise<ReadSpeed> {
  const module = new WebAssembly.Module(await compileAssembly('bench/search/assembly/read.ts', 'shared'));
  const pages = Math.ceil(bytes / 65_536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65_535, shared: true });
  // Pages that were never written are all the same page of zeros.
  new Uint8Array(memory.buffer).fill(1);
  const turns = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { module, memory, turns };
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(WORKER, { eval: true, workerData, execArgv: [] }),
  );
  const once = async (way: 'readOne' | 'readFour'): Promise<number> => {
    turns[0] = 0;
    const start = performance.now();
    await Promise.all(
      workers.map((worker) => {
        worker.postMessage({ way, bytes: Math.floor(bytes / 32_768) * 32_768 });
        return new Promise((resolve) => worker.once('message', resolve));
      }),
    );
    return performance.now() - start;
  };
  return {
    name: 'reading as many bytes',
    read: async () => [await once('readOne'), await once('readFour')],
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
