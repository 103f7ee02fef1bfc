/** Compares many pairs of fingerprints on all cores, in worker threads, so that whoever asks stays free. */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LikenessError } from '../../vectorlog/errors.ts';
import { WORKER_SOURCE } from './comparing-worker.generated.ts';
import { encodeFingerprint, type Fingerprint } from './fingerprint-format.ts';
import type { Comparison } from './measure.ts';

/** A thread that compares died; another one takes its place. */
export class ComparingFailed extends LikenessError {
  readonly retryable = true;
}

/** Two pictures to compare. */
export type FingerprintPair = readonly [Fingerprint, Fingerprint];

/** What a worker gets at once. */
export interface ComparingJob {
  /** Encoded; each of them is in one pair at least. */
  readonly fingerprints: readonly Uint8Array[];
  /** Places in `fingerprints`. */
  readonly pairs: readonly (readonly [number, number])[];
}

/** Of each pair what was measured; `undefined` where nothing of the one is seen in the other. */
type Compared = (Comparison | undefined)[];

/** Pairs that a thread gets at once: some tens of milliseconds of work, and few enough that all threads end together. */
const PAIRS_AT_ONCE = 24;

interface Waiting {
  readonly job: ComparingJob;
  resolve(compared: Compared): void;
  reject(error: unknown): void;
}

/** Threads are started as they are needed, and idle for free: they do not keep the process alive. */
export class Comparers {
  readonly #waiting: Waiting[] = [];
  readonly #idle: Comparer[] = [];
  readonly #all = new Set<Comparer>();

  /** @param threads at most; one a core by default */
  constructor(private readonly threads = availableParallelism()) {}

  /**
   * Compares pairs, in order.
   *
   * @throws ComparingFailed (retryable) when a thread died
   */
  async compare(pairs: readonly FingerprintPair[]): Promise<Compared> {
    const jobs: Promise<Compared>[] = [];
    for (let at = 0; at < pairs.length; at += PAIRS_AT_ONCE) {
      const job = jobOf(pairs.slice(at, at + PAIRS_AT_ONCE));
      jobs.push(new Promise((resolve, reject) => this.#waiting.push({ job, resolve, reject })));
    }
    this.#next();
    return (await Promise.all(jobs)).flat();
  }

  /** Ends the threads, and what they have not done fails; the next comparison starts new ones. */
  async stop(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(new ComparingFailed('the comparison was ended'));
    const all = [...this.#all];
    this.#all.clear();
    this.#idle.length = 0;
    await Promise.all(all.map((comparer) => comparer.end()));
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const comparer = this.#idle.pop() ?? this.#another();
      if (!comparer) return;
      void this.#give(comparer, this.#waiting.shift()!);
    }
  }

  #another(): Comparer | undefined {
    if (this.#all.size >= this.threads) return undefined;
    const comparer = new Comparer();
    this.#all.add(comparer);
    return comparer;
  }

  async #give(comparer: Comparer, { job, resolve, reject }: Waiting): Promise<void> {
    try {
      resolve(await comparer.run(job));
      if (this.#all.has(comparer)) this.#idle.push(comparer);
    } catch (error) {
      this.#all.delete(comparer);
      reject(new ComparingFailed('a thread that compares pictures died', { cause: error }));
    }
    this.#next();
  }
}

function jobOf(pairs: readonly FingerprintPair[]): ComparingJob {
  const places = new Map<Fingerprint, number>();
  const place = (fingerprint: Fingerprint): number => {
    const known = places.get(fingerprint);
    if (known !== undefined) return known;
    places.set(fingerprint, places.size);
    return places.size - 1;
  };
  const placed = pairs.map(([one, other]) => [place(one), place(other)] as const);
  return { fingerprints: [...places.keys()].map(encodeFingerprint), pairs: placed };
}

/** One thread. */
class Comparer {
  readonly #worker: Worker;
  #answer: { resolve(compared: Compared): void; reject(error: unknown): void } | undefined;
  #failure: unknown;

  constructor() {
    // Flags of this process, such as a loader's, are not for the worker: its source is complete.
    this.#worker = new Worker(WORKER_SOURCE, { eval: true, execArgv: [], env: {} });
    const fail = (error: unknown): void => {
      this.#failure ??= error;
      this.#answer?.reject(error);
    };
    this.#worker.on('error', fail);
    this.#worker.on('exit', (code) => fail(new Error(`exit code ${code}`)));
    this.#worker.on('message', (compared: Compared) => {
      this.#worker.unref();
      this.#answer?.resolve(compared);
    });
  }

  run(job: ComparingJob): Promise<Compared> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#answer = { resolve, reject };
      this.#worker.ref();
      this.#worker.postMessage(job);
    });
  }

  end(): Promise<unknown> {
    return this.#worker.terminate();
  }
}
