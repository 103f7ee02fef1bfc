/** The worker threads that scan, one a core: started at the first pass, shared by all matrices, idle for free. */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Control } from './control.ts';
import { ScanFailed } from './errors.ts';
import { type KernelName, kernelModule, workerSource } from './kernel-module.ts';
import { MAX_THREADS, type RowShape } from './layout.ts';
import { type ScanJob, type SegmentGrant, sameShape } from './pass.ts';
import type { FoundRows } from './query-scan.ts';

export interface WorkerStart {
  readonly number: number;
  readonly module: WebAssembly.Module;
  readonly control: SharedArrayBuffer;
}

export type ToWorker = { readonly grant: SegmentGrant } | { readonly job: ScanJob };

/** Runs one job at a time; the caller sees to that. */
export class WorkerPool {
  readonly threads: number;
  readonly #kernel: KernelName | undefined;
  #crew: Crew | undefined;
  #leaving: Promise<unknown> = Promise.resolve();

  constructor(threads = availableParallelism(), kernel?: KernelName) {
    this.threads = Math.min(threads, MAX_THREADS);
    this.#kernel = kernel;
  }

  /**
   * Has all workers work on `job`, over segments that they are given the first time they meet them. The process stays
   * alive for the answer.
   *
   * @returns for each worker what it found for each query
   * @throws ScanFailed when a worker died while it worked; the next run starts new ones
   */
  async run(job: ScanJob, segments: readonly SegmentGrant[]): Promise<FoundRows[][]> {
    // One that died while nobody waited for it is noticed here.
    if (this.#crew?.failure) this.stop();
    // The old ones may still write where the new ones will.
    await this.#leaving;
    this.#crew ??= new Crew(this.threads, kernelModule(this.#kernel));
    try {
      return await this.#crew.run(job, segments);
    } catch (error) {
      this.stop();
      throw new ScanFailed('a scan thread died', { cause: error });
    }
  }

  /** Ends the threads; the next job starts new ones. Resolves when they are gone. */
  stop(): Promise<unknown> {
    const crew = this.#crew;
    this.#crew = undefined;
    if (crew) this.#leaving = crew.end();
    return this.#leaving;
  }
}

/** Threads that began together and end together. */
class Crew {
  readonly #control = new Control();
  readonly #granted = new Map<number, RowShape>();
  readonly #members: Member[];

  constructor(threads: number, module: WebAssembly.Module) {
    this.#members = Array.from(
      { length: threads },
      (_, i) => new Member({ number: i + 1, module, control: this.#control.buffer }),
    );
  }

  /** Why one of them is gone, if one is. */
  get failure(): unknown {
    return this.#members.find(({ failure }) => failure)?.failure;
  }

  run(job: ScanJob, segments: readonly SegmentGrant[]): Promise<FoundRows[][]> {
    for (const grant of segments) {
      const known = this.#granted.get(grant.id);
      if (known && sameShape(known, grant.shape)) continue;
      this.#granted.set(grant.id, grant.shape);
      for (const member of this.#members) member.send({ grant });
    }
    this.#control.reset();
    return Promise.all(this.#members.map((member) => member.run(job)));
  }

  end(): Promise<unknown> {
    return Promise.all(this.#members.map((member) => member.end()));
  }
}

class Member {
  readonly #worker: Worker;
  #answer: { resolve(found: FoundRows[]): void; reject(error: unknown): void } | undefined;
  failure: unknown;

  constructor(start: WorkerStart) {
    // Flags of this process, such as a loader's, are not for the worker: its source is complete.
    this.#worker = new Worker(workerSource, { eval: true, workerData: start, execArgv: [], env: {} });
    this.#worker.unref();
    const fail = (error: unknown): void => {
      this.failure ??= error;
      this.#answer?.reject(error);
    };
    this.#worker.on('error', fail);
    this.#worker.on('exit', (code) => fail(new Error(`exit code ${code}`)));
    this.#worker.on('message', (found: FoundRows[]) => {
      this.#worker.unref();
      this.#answer?.resolve(found);
    });
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  run(job: ScanJob): Promise<FoundRows[]> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.#answer = { resolve, reject };
      this.#worker.ref();
      this.send({ job });
    });
  }

  end(): Promise<unknown> {
    return this.#worker.terminate();
  }
}
