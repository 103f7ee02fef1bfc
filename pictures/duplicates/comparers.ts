/** Compares pairs of fingerprints, and makes what computes longest of one, on all cores, in worker threads: whoever asks stays free. */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LikenessError } from '../../vectorlog/errors.ts';
import { WORKER_SOURCE } from './comparing-worker.generated.ts';
import type { Described, Pixels } from './describe.ts';
import { encodeFingerprint, type Fingerprint } from './fingerprint-format.ts';
import type { Comparison } from './measure.ts';

/** A thread that compares died; another one takes its place. */
export class ComparingFailed extends LikenessError {
  readonly retryable = true;
}

/** Two pictures to compare. */
export type FingerprintPair = readonly [Fingerprint, Fingerprint];

/** Pairs that a worker gets at once. */
export interface ComparingJob {
  /** Encoded; each of them is in one pair at least. */
  readonly fingerprints: readonly Uint8Array[];
  /** Places in `fingerprints`. */
  readonly pairs: readonly (readonly [number, number])[];
}

/** Of each pair what was measured; `undefined` where nothing of the one is seen in the other. */
export type Compared = (Comparison | undefined)[];

/** What a worker gets: pairs to compare, or pixels to describe. */
export type Job = ComparingJob | Pixels;

type Result = Compared | Described;

/** What a worker answers. */
export type Outcome = { readonly result: Result } | { readonly error: unknown };

/** Pairs that a thread gets at once: some tens of milliseconds of work, and few enough that all threads end together. */
const PAIRS_AT_ONCE = 24;

interface Waiting {
  readonly job: Job;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Threads take what is asked for in turn; they are started as they are needed, and idle for free: they do not keep the process alive. */
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
      jobs.push(this.#ask(jobOf(pairs.slice(at, at + PAIRS_AT_ONCE))));
    }
    return (await Promise.all(jobs)).flat();
  }

  /**
   * Does what `describePixels` does, bit for bit.
   *
   * @throws ComparingFailed (retryable) when a thread died
   */
  describe(pixels: Pixels): Promise<Described> {
    return this.#ask(pixels);
  }

  /** Ends the threads, and what they have not done fails; whoever asks next starts new ones. */
  async stop(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(new ComparingFailed('the threads were ended'));
    const all = [...this.#all];
    this.#all.clear();
    this.#idle.length = 0;
    await Promise.all(all.map((comparer) => comparer.end()));
  }

  #ask(job: ComparingJob): Promise<Compared>;
  #ask(job: Pixels): Promise<Described>;
  #ask(job: Job): Promise<Result> {
    const asked = new Promise<Result>((resolve, reject) => this.#waiting.push({ job, resolve, reject }));
    this.#next();
    return asked;
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
      const outcome = await comparer.run(job);
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.result);
      if (this.#all.has(comparer)) this.#idle.push(comparer);
    } catch (error) {
      this.#all.delete(comparer);
      reject(new ComparingFailed('a thread that compares or describes pictures died', { cause: error }));
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
  #answer: { resolve(outcome: Outcome): void; reject(error: unknown): void } | undefined;
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
    this.#worker.on('message', (outcome: Outcome) => {
      this.#worker.unref();
      this.#answer?.resolve(outcome);
    });
  }

  run(job: Job): Promise<Outcome> {
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
