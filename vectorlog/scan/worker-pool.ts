/** The worker threads that scan, one a core: started at the first pass, shared by all matrices, idle for free. */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Control } from './control.ts';
import { ScanFailed } from './errors.ts';
import type { FoundRows, QuantizeJob, ScanJob, SegmentGrant, ToWorker } from './job.ts';
import { kernelModule, workerSource } from './kernel-module.ts';
import { MAX_THREADS } from './layout.ts';

export interface WorkerStart {
  readonly number: number;
  readonly module: WebAssembly.Module;
  readonly control: SharedArrayBuffer;
}

/** One thread's answer: nothing to a job without an answer, or when the pass was abandoned. */
export type Part = FoundRows[] | undefined;

/** Runs one job at a time; the caller sees to that. */
export class WorkerPool {
  readonly threads: number;
  readonly #control = new Control();
  readonly #granted = new Set<number>();
  #workers: Worker[] = [];

  constructor(threads = availableParallelism()) {
    this.threads = Math.min(threads, MAX_THREADS);
  }

  /**
   * Has all workers work on `job`, over segments that they are given the first time they meet them.
   *
   * @param holdsProcess whether the process must stay alive for the answer
   * @throws ScanFailed when a worker died; the next run starts new ones.
   */
  async run(
    job: ScanJob | QuantizeJob,
    segments: readonly SegmentGrant[],
    holdsProcess: boolean,
  ): Promise<Part[]> {
    const workers = this.#start();
    for (const segment of segments) {
      if (this.#granted.has(segment.id)) continue;
      this.#granted.add(segment.id);
      for (const worker of workers) send(worker, { kind: 'grant', segment });
    }
    this.#control.reset();
    if (holdsProcess) for (const worker of workers) worker.ref();
    try {
      return await Promise.all(workers.map((worker) => answer(worker, job)));
    } catch (error) {
      this.stop();
      throw new ScanFailed('a scan thread died', { cause: error });
    } finally {
      for (const worker of workers) worker.unref();
    }
  }

  /** Ends the threads; the next job starts new ones. */
  stop(): void {
    for (const worker of this.#workers) void worker.terminate();
    this.#workers = [];
    this.#granted.clear();
  }

  #start(): Worker[] {
    while (this.#workers.length < this.threads) {
      const start: WorkerStart = {
        number: this.#workers.length + 1,
        module: kernelModule(),
        control: this.#control.buffer,
      };
      // Flags of this process, such as a loader's, are not for the worker: its source is complete.
      const worker = new Worker(workerSource, { eval: true, workerData: start, execArgv: [], env: {} });
      worker.unref();
      this.#workers.push(worker);
    }
    return this.#workers;
  }
}

const send = (worker: Worker, message: ToWorker): void => worker.postMessage(message);

function answer(worker: Worker, job: ScanJob | QuantizeJob): Promise<Part> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onMessage = (part: Part): void => settle(() => resolve(part));
    const onError = (error: unknown): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`exit code ${code}`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    send(worker, job);
  });
}
