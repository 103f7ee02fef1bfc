/** Sessions of onnxruntime: the network's arithmetic, in this thread or in one of its own. */

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * onnxruntime 1.30 reports usage to its maker over the network unless this variable is set when its first session is
 * created. Pictures and what is done with them are nobody else's business.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';

/** @param model the path of an ONNX file, or its bytes */
export const openSession = (
  model: string | Uint8Array,
  options?: InferenceSession.SessionOptions,
): Promise<InferenceSession> =>
  typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);

/** The network, ready to run. */
export interface Session {
  /**
   * @param pixels of crops, squares of RGB, one behind the other
   * @returns their vectors, one behind the other
   */
  run(pixels: Uint8Array, crops: number): Promise<Float32Array>;
  /** Gives back what it holds; it runs no more. */
  close(): Promise<void>;
}

/** What the input `pixels` is: [crops, side, side, 3]. */
const shapeOf = (pixels: Uint8Array, crops: number): number[] => {
  const side = Math.sqrt(pixels.length / crops / 3);
  return [crops, side, side, 3];
};

const optionsFor = (threads: number): InferenceSession.SessionOptions => ({
  intraOpNumThreads: threads,
  graphOptimizationLevel: 'all',
  // Threads that spin while they wait for each other take the processor from the next pictures' decoding.
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});

/** A session in this thread: while it computes, the event loop stands still. */
export async function sessionHere(path: string, threads: number): Promise<Session> {
  const session = await openSession(path, optionsFor(threads));
  return {
    async run(pixels, crops) {
      const { embedding } = await session.run({
        pixels: new Tensor('uint8', pixels, shapeOf(pixels, crops)),
      });
      return embedding!.data as Float32Array;
    },
    close: () => session.release(),
  };
}

/** A complete CommonJS program, so that the thread starts the same from source and from a bundle. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { InferenceSession, Tensor } = require(workerData.onnxruntime);
const opened = InferenceSession.create(workerData.path, workerData.options);
const answer = async (work) => {
  try {
    parentPort.postMessage({ result: await work() });
  } catch (error) {
    parentPort.postMessage({ error });
  }
};
answer(async () => void (await opened));
parentPort.on('message', ({ pixels, dims }) =>
  answer(async () => {
    const session = await opened;
    const { embedding } = await session.run({ pixels: new Tensor('uint8', pixels, dims) });
    return embedding.data;
  }),
);
`;

/**
 * A session in a thread of its own: while it computes, this one goes on. The thread keeps the process alive only while
 * something is asked of it. Runs are asked for one after the other.
 */
export async function sessionApart(path: string, threads: number): Promise<Session> {
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: {
      path,
      options: optionsFor(threads),
      onnxruntime: createRequire(import.meta.url).resolve('onnxruntime-node'),
    },
    // Flags of this process, such as a loader's, are not for the thread: its program is complete.
    execArgv: [],
  });
  let answered: { resolve(result: Float32Array): void; reject(error: unknown): void } | undefined;
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    answered?.reject(error);
  };
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`the thread of the network ended with exit code ${code}`)));
  worker.on('message', ({ result, error }: { result: Float32Array; error?: unknown }) => {
    if (error === undefined) answered?.resolve(result);
    else answered?.reject(error);
  });
  const answer = async (): Promise<Float32Array> => {
    worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        if (failure !== undefined) reject(failure);
        answered = { resolve, reject };
      });
    } finally {
      worker.unref();
    }
  };
  await answer();
  return {
    run(pixels, crops) {
      const result = answer();
      worker.postMessage({ pixels, dims: shapeOf(pixels, crops) }, [pixels.buffer as ArrayBuffer]);
      return result;
    },
    close: async () => void (await worker.terminate()),
  };
}
