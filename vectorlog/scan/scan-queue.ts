/** Who scans when: one pass at a time over all cores, and one pass for all queries that wait for the same rows. */

import { Control } from './control.ts';
import { type KernelName, kernelModule } from './kernel-module.ts';
import { MAX_QUERIES } from './layout.ts';
import { type ScanJob, Thread } from './pass.ts';
import type { CodedQuery } from './query.ts';
import type { FoundRows, QueryJob } from './query-scan.ts';
import type { Segment } from './segment.ts';
import { WorkerPool } from './worker-pool.ts';

/** Rows times queries up to which handing the work to other threads costs more than it saves. */
const INLINE_PRODUCTS = 1024;

/** What the queue must know of the rows. */
export interface ScannedRows {
  readonly segments: readonly Segment[];
  readonly segmentRows: number;
}

/** One query over rows `start` to `end`. */
export interface Question {
  readonly rows: ScannedRows;
  readonly start: number;
  readonly end: number;
  /** As the rows want it: float32 or codes. */
  readonly query: Float32Array | CodedQuery;
  readonly k: number;
  readonly minScore: number;
  readonly mask: Uint8Array | undefined;
}

interface Waiting {
  readonly question: Question;
  resolve(found: FoundRows[]): void;
  reject(error: unknown): void;
}

export class ScanQueue {
  readonly #pool: WorkerPool;
  readonly #main: Thread;
  readonly #control = new Control();
  readonly #waiting: Waiting[] = [];
  readonly #leaving = new Map<ScannedRows, () => void>();
  #busy = false;

  /**
   * @param threads workers; one a core by default
   * @param kernel the fastest that this Node can run by default
   */
  constructor(threads?: number, kernel?: KernelName) {
    this.#pool = new WorkerPool(threads, kernel);
    this.#main = new Thread(0, kernelModule(kernel));
  }

  /** The rows that may be the best, as each thread found them. @throws ScanFailed */
  ask(question: Question): Promise<FoundRows[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      // Questions of the same moment share the first pass.
      queueMicrotask(() => this.#next());
    });
  }

  /** Calls `act` when nothing reads `rows` any more; no new question about them may be asked. */
  whenDone(rows: ScannedRows, act: () => void): void {
    this.#leaving.set(rows, act);
    queueMicrotask(() => this.#next());
  }

  /** Ends the threads; the next pass starts new ones. */
  stop(): Promise<unknown> {
    return this.#pool.stop();
  }

  #next(): void {
    if (this.#busy) return;
    this.#letGo();
    const first = this.#waiting[0];
    if (!first) return;
    this.#busy = true;
    void this.#answer(first.question).finally(() => {
      this.#busy = false;
      this.#next();
    });
  }

  #letGo(): void {
    for (const [rows, act] of this.#leaving) {
      if (this.#waiting.some(({ question }) => question.rows === rows)) continue;
      this.#leaving.delete(rows);
      act();
    }
  }

  async #answer(first: Question): Promise<void> {
    const together = this.#waiting.filter(({ question }) => samePass(question, first)).slice(0, MAX_QUERIES);
    for (const one of together) this.#waiting.splice(this.#waiting.indexOf(one), 1);
    try {
      const parts = await this.#pass(together.map(({ question }) => question));
      for (const [i, { resolve }] of together.entries()) resolve(parts.map((part) => part[i]!));
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  async #pass(questions: readonly Question[]): Promise<FoundRows[][]> {
    const { rows, start, end } = questions[0]!;
    for (const segment of rows.segments) segment.setQueries(questions.map(({ query }) => query));
    const job: ScanJob = {
      segments: rows.segments.map(({ id }) => id),
      segmentRows: rows.segmentRows,
      start,
      end,
      queries: questions.map(({ k, minScore, mask }): QueryJob => ({ k, minScore, mask })),
    };
    const grants = rows.segments.map(({ id, memory, shape }) => ({ id, memory, shape }));
    if ((end - start) * questions.length > INLINE_PRODUCTS) return this.#pool.run(job, grants);
    for (const grant of grants) this.#main.grant(grant);
    this.#control.reset();
    return [this.#main.scan(this.#control, job)];
  }
}

const samePass = (a: Question, b: Question): boolean =>
  a.rows === b.rows && a.start === b.start && a.end === b.end;
