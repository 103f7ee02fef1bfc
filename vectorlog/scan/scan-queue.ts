/** Who scans when: one pass at a time over all cores, and one pass for all queries that wait for the same rows. */

import { Control } from './control.ts';
import { type Hit, mergeHits } from './hit.ts';
import type { FoundRows, QueryJob, ScanJob } from './job.ts';
import { kernelModule } from './kernel-module.ts';
import { MAX_QUERIES, UNIT_ROWS } from './layout.ts';
import type { PreparedQuery } from './query.ts';
import { scan } from './scan.ts';
import type { Segment } from './segment.ts';
import { Thread } from './thread.ts';
import { WorkerPool } from './worker-pool.ts';

/** Rows times queries up to which handing the work to other threads costs more than it saves. */
const INLINE_PRODUCTS = 1024;

/** Units that each thread makes codes for before searches get their turn: about a millisecond. */
const QUANTIZE_UNITS = 2;

/** Share of the rows that codes may leave over before a thread gives up and scans float32 instead. */
const MAX_CANDIDATE_SHARE = 1 / 8;

/** What the queue must know of a matrix. */
export interface ScannedRows {
  readonly segments: readonly Segment[];
  readonly segmentRows: number;
  /** Rows before this one have codes. */
  coded: number;
  /** Rows that shall have codes. */
  readonly toCode: number;
}

/** One query over rows `start` to `end`. */
export interface Question {
  readonly rows: ScannedRows;
  readonly start: number;
  readonly end: number;
  readonly query: PreparedQuery;
  readonly k: number;
  readonly minScore: number;
  readonly mask: Uint8Array | undefined;
  readonly useCodes: boolean;
}

export interface Answer {
  readonly hits: Hit[];
  /** Rows judged by their codes, and of these the ones scored again in float32. */
  readonly judged: number;
  readonly rescored: number;
  /** The codes ruled out too few rows, so all were scored in float32. */
  readonly fallback: boolean;
}

interface Waiting {
  readonly question: Question;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class ScanQueue {
  readonly #pool: WorkerPool;
  readonly #main = new Thread(0, kernelModule());
  readonly #control = new Control();
  readonly #waiting: Waiting[] = [];
  readonly #uncoded = new Set<ScannedRows>();
  readonly #leaving = new Map<ScannedRows, () => void>();
  #busy = false;

  /** @param threads workers; one a core by default */
  constructor(threads?: number) {
    this.#pool = new WorkerPool(threads);
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      // Questions of the same moment share the first pass.
      queueMicrotask(() => this.#next());
    });
  }

  /** Has codes made for `rows` whenever nobody searches. */
  makeCodes(rows: ScannedRows): void {
    this.#uncoded.add(rows);
    queueMicrotask(() => this.#next());
  }

  /** Calls `act` when nothing reads `rows` any more; no new question about them may be asked. */
  whenDone(rows: ScannedRows, act: () => void): void {
    this.#uncoded.delete(rows);
    this.#leaving.set(rows, act);
    queueMicrotask(() => this.#next());
  }

  /** Ends the threads. */
  stop(): void {
    this.#pool.stop();
  }

  #next(): void {
    if (this.#busy) return;
    this.#letGo();
    const first = this.#waiting[0];
    const work = first ? () => this.#answer(first.question) : this.#quantizeWork();
    if (!work) return;
    this.#busy = true;
    void work().finally(() => {
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
      const answers = await this.#pass(together.map(({ question }) => question));
      for (const [i, { resolve }] of together.entries()) resolve(answers[i]!);
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  async #pass(questions: readonly Question[]): Promise<Answer[]> {
    const { rows, start, end, useCodes } = questions[0]!;
    const queries = questions.map(({ query }) => query);
    for (const segment of rows.segments) segment.setQueries(queries);
    const jobs = questions.map(
      ({ k, minScore, mask, query }): QueryJob => ({ k, minScore, mask, bound: query.bound }),
    );
    const largestK = Math.max(...jobs.map(({ k }) => k));
    const job: ScanJob = {
      kind: 'scan',
      ...place(rows),
      start,
      end,
      coded: useCodes && queries.every(({ bound }) => bound) ? rows.coded : 0,
      maxCandidates: Math.max(largestK * 4, 1024, (end - start) * MAX_CANDIDATE_SHARE),
      queries: jobs,
    };
    const parts = await this.#run(job, rows.segments);
    if (parts) return combine(jobs, parts, false);
    return combine(jobs, (await this.#run({ ...job, coded: 0 }, rows.segments))!, true);
  }

  /** All threads' answers; `undefined` when the pass was abandoned. */
  async #run(job: ScanJob, segments: readonly Segment[]): Promise<FoundRows[][] | undefined> {
    const parts =
      (job.end - job.start) * job.queries.length <= INLINE_PRODUCTS
        ? [this.#runHere(job, segments)]
        : await this.#pool.run(job, segments, true);
    const found = parts.filter((part) => part !== undefined);
    return found.length === parts.length ? found : undefined;
  }

  #runHere(job: ScanJob, segments: readonly Segment[]): FoundRows[] | undefined {
    for (const segment of segments) this.#main.grant(segment);
    this.#control.reset();
    return scan(this.#main, this.#control, job);
  }

  #quantizeWork(): (() => Promise<void>) | undefined {
    for (const rows of this.#uncoded) {
      const start = rows.coded;
      const end = Math.min(rows.toCode, start + this.#pool.threads * QUANTIZE_UNITS * UNIT_ROWS);
      if (start >= end) {
        this.#uncoded.delete(rows);
        continue;
      }
      return async () => {
        try {
          await this.#pool.run({ kind: 'quantize', ...place(rows), start, end }, rows.segments, false);
          rows.coded = end;
        } catch {
          // Without codes the rows are scored in float32: slower, and as exact.
          this.#uncoded.delete(rows);
        }
      };
    }
    return undefined;
  }
}

const samePass = (a: Question, b: Question): boolean =>
  a.rows === b.rows && a.start === b.start && a.end === b.end && a.useCodes === b.useCodes;

const place = ({ segments, segmentRows }: ScannedRows) => ({
  segments: segments.map(({ id }) => id),
  segmentRows,
});

/** The threads' parts of each query's answer as one. */
function combine(queries: readonly QueryJob[], parts: readonly FoundRows[][], fallback: boolean): Answer[] {
  return queries.map(({ k }, i) => {
    const found = parts.map((part) => part[i]!);
    return {
      hits: mergeHits(found.map(toHits), k),
      judged: found.reduce((total, { judged }) => total + judged, 0),
      rescored: found.reduce((total, { rescored }) => total + rescored, 0),
      fallback,
    };
  });
}

const toHits = ({ rows, scores }: FoundRows): Hit[] =>
  Array.from(rows, (row, i): Hit => ({ row, score: scores[i]! }));
