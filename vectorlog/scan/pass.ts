/** One thread's part in a pass over the rows: it takes units of rows until none is left. */

import { Bitset } from './bitset.ts';
import type { Control } from './control.ts';
import { TopK } from './hit.ts';
import { instantiate, type Kernel } from './kernel.ts';
import { headOf, MAX_QUERIES, RowLayout, type RowShape, SCORE_LINE, type Stage, UNIT_ROWS } from './layout.ts';

/** A segment's memory and what is in it; a thread keeps what it was given until the memory holds something else. */
export interface SegmentGrant {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly shape: RowShape;
}

export interface QueryJob {
  readonly k: number;
  readonly minScore: number;
  /** Bits of the rows that can be hits; all when `undefined`. */
  readonly mask: Uint8Array | undefined;
}

/** Rows `start` to `end`; the queries themselves lie in each segment's head. */
export interface ScanJob {
  readonly segments: readonly number[];
  /** Rows in each segment but the last. */
  readonly segmentRows: number;
  readonly start: number;
  readonly end: number;
  readonly queries: readonly QueryJob[];
}

/** The rows that may be among the best, and between what their scores are; for float32 both ends are the score. */
export interface FoundRows {
  readonly rows: Int32Array;
  readonly lowest: Float64Array;
  readonly highest: Float64Array;
}

/** Below this share of a unit's rows it is cheaper to score the allowed ones one by one. */
const SPARSE = 1 / 8;
/**
 * Queries from which on heads are tried: the first ones bring rows into the cache, and memory that is read with gaps comes
 * at half the speed.
 */
const HEAD_QUERIES = 8;
/** Above this share of rows that their heads do not rule out, heads are left alone for a while. */
const HEAD_PAYS = 1 / 2;
const HEAD_PAUSE_UNITS = 8;
/** Rows that are judged before those left are sifted again, since each of them may raise what must be reached. */
const JUDGED_AT_ONCE = 32;
/** Where the sums stand among a row's bounds. */
const SUM_AT = { whole: 16, head: 20 } as const satisfies Partial<Record<Stage, number>>;

/** All numbers within a unit. */
const firstNumbers = Int32Array.from({ length: UNIT_ROWS }, (_, i) => i);

/** Rows are computed by fours; the last ones of a unit may be computed without being asked for. */
const toFours = (rows: number): number => (rows + 3) & ~3;

interface SegmentView {
  readonly kernel: Kernel;
  readonly layout: RowLayout;
  /** The memory's head, where scores are, as what they are: views made once, since many small ones take longer than what they show. */
  readonly ints: Int32Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
}

/** Rows that lie together: their first number in the matrix, and in their segment. */
interface Unit {
  readonly segment: SegmentView;
  readonly row: number;
  readonly local: number;
  readonly rows: number;
}

export const sameShape = (a: RowShape, b: RowShape): boolean =>
  a.kind === b.kind && a.dimensions === b.dimensions && a.directions === b.directions;

/** One thread's hands on the rows. */
export class Thread {
  readonly #segments = new Map<number, SegmentView>();

  /** @param number 0 is the main thread, workers follow */
  constructor(
    readonly number: number,
    private readonly module: WebAssembly.Module,
  ) {}

  /** Makes a segment's memory reachable; again does nothing. */
  grant({ id, memory, shape }: SegmentGrant): void {
    const known = this.#segments.get(id);
    if (known && sameShape(known.layout.shape, shape)) return;
    const kernel = known?.kernel ?? instantiate(this.module, memory);
    const layout = new RowLayout(shape);
    const { buffer } = memory;
    const ints = new Int32Array(buffer, 0, layout.headBytes / 4);
    ints.set(firstNumbers, this.#allNumbers(layout) / 4);
    this.#segments.set(id, {
      kernel,
      layout,
      ints,
      floats: new Float32Array(buffer, 0, layout.headBytes / 4),
      doubles: new Float64Array(buffer, 0, layout.headBytes / 8),
    });
  }

  /** Takes units until none is left, and answers with the rows of these that may be each query's best. */
  scan(control: Control, job: ScanJob): FoundRows[] {
    const queries = job.queries.map((query, i) => new QueryScan(query, i, control));
    for (let unit = this.#unit(job, control.next()); unit; unit = this.#unit(job, control.next())) {
      for (let i = 0; i < queries.length; ) {
        const coded = unit.segment.layout.shape.kind === 'codes';
        // A kernel for four takes three as well, and two where the rows' bytes cost more than the sums.
        const left = queries.length - i;
        const some = queries.slice(i, i + (left >= (coded ? 3 : 2) ? Math.min(4, left) : 1));
        const { row, rows } = unit;
        if (some.every((query) => query.allowed(row, rows) <= rows * SPARSE))
          for (const query of some) this.#oneByOne(unit, query, coded);
        else if (coded) this.#codes(unit, some, queries.length >= HEAD_QUERIES);
        else this.#floats(unit, some);
        i += some.length;
      }
    }
    return queries.map((query) => query.found());
  }

  /** The `turn`th unit of a job; `undefined` past its last. Units never reach into two segments. */
  #unit(job: ScanJob, turn: number): Unit | undefined {
    const first = (Math.floor(job.start / UNIT_ROWS) + turn) * UNIT_ROWS;
    const row = Math.max(first, job.start);
    const rows = Math.min(first + UNIT_ROWS, job.end) - row;
    if (rows <= 0) return undefined;
    const segment = this.#segments.get(job.segments[Math.floor(row / job.segmentRows)]!)!;
    return { segment, row, local: row % job.segmentRows, rows };
  }

  #floats({ segment: { kernel, layout, floats }, row, local, rows }: Unit, queries: QueryScan[]): void {
    const out = layout.scoresAt(this.number);
    const [from, to] = [layout.rowAt(local), layout.queryAt(queries[0]!.index)];
    if (queries.length === 1) kernel.dotFloats(from, toFours(rows), layout.stride, to, out);
    else kernel.dotFloats4(from, toFours(rows), layout.stride, to, out, SCORE_LINE);
    queries.forEach((query, i) => {
      const scores = (out + i * SCORE_LINE) / 4;
      query.take(row, floats.subarray(scores, scores + rows));
    });
  }

  #codes(unit: Unit, queries: QueryScan[], mayTryHeads: boolean): void {
    const { segment, local, rows } = unit;
    const { kernel, layout } = segment;
    const out = layout.scoresAt(this.number);
    const survivors = out + queries.length * SCORE_LINE;
    const { dimensions } = layout.shape;
    for (const query of queries) query.listen();
    const stage = mayTryHeads && queries.every((query) => query.triesHead(dimensions)) ? 'head' : 'whole';
    const bytes = stage === 'head' ? headOf(dimensions) : dimensions;
    const [from, to] = [layout.rowAt(local), layout.queryAt(queries[0]!.index)];
    const { stride } = layout;
    if (queries.length === 1) kernel.dotCoarse(from, toFours(rows), stride, bytes, to, out);
    else kernel.dotCoarse4(from, toFours(rows), stride, bytes, to, out, SCORE_LINE);
    queries.forEach((query, i) => {
      const products = out + i * SCORE_LINE;
      const sifted = (by: keyof typeof SUM_AT, numbers: number, count: number, to = numbers): number =>
        kernel.sift(
          products,
          numbers,
          count,
          layout.boundsAt(local),
          stride,
          SUM_AT[by],
          layout.weightsAt(query.index, by),
          query.threshold,
          to,
        );
      let numbers = survivors;
      let count = sifted(stage, this.#allNumbers(layout), rows, numbers);
      if (stage === 'head') {
        query.headLeft(count / rows);
        const place = layout.queryAt(query.index);
        kernel.dotRest(numbers, count, from, stride, bytes, dimensions, place, products);
        count = sifted('whole', numbers, count);
      }
      while (count > 0) {
        const some = Math.min(count, JUDGED_AT_ONCE);
        this.#judge(unit, query, numbers, some);
        numbers += some * 4;
        count = sifted('whole', numbers, count - some);
      }
    });
  }

  /** Where all numbers within a unit lie. */
  #allNumbers(layout: RowLayout): number {
    return layout.scoresAt(this.number) + MAX_QUERIES * SCORE_LINE;
  }

  #oneByOne(unit: Unit, query: QueryScan, coded: boolean): void {
    const { kernel, layout, ints } = unit.segment;
    const { row, local, rows } = unit;
    query.listen();
    if (coded) {
      const numbers = layout.scoresAt(this.number);
      ints.set(firstNumbers.subarray(0, rows), numbers / 4);
      this.#judge(unit, query, numbers, rows);
      return;
    }
    for (let i = 0; i < rows; i++) {
      if (!query.isAllowed(row + i)) continue;
      const score = kernel.dotFloat(layout.rowAt(local + i), layout.queryAt(query.index), layout.stride);
      query.offer(row + i, score, score);
    }
    query.publish();
  }

  /** Looks closely at those rows of a unit that can be hits. @param numbers where they are, int32 within the unit */
  #judge({ segment, row, local }: Unit, query: QueryScan, numbers: number, count: number): void {
    const { kernel, layout, ints, doubles } = segment;
    const from = numbers / 4;
    let allowed = 0;
    for (let i = 0; i < count; i++) {
      const at = ints[from + i]!;
      if (query.isAllowed(row + at)) ints[from + allowed++] = at;
    }
    const out = numbers + SCORE_LINE;
    kernel.judge(
      numbers,
      allowed,
      layout.rowAt(local),
      layout.stride,
      layout.shape.dimensions,
      layout.fineQueryAt(query.index),
      layout.weightsAt(query.index, 'fine'),
      out,
    );
    const ends = out / 8;
    for (let i = 0; i < allowed; i++)
      query.offer(row + ints[from + i]!, doubles[ends + 2 * i]!, doubles[ends + 2 * i + 1]!);
    query.publish();
  }
}

/** What one thread knows of one query's answer while it goes through the rows. */
class QueryScan {
  /** The lowest scores that rows can have: the k-th best of them is a threshold that the answer surely reaches. */
  readonly #best: TopK;
  readonly #mask: Bitset | undefined;
  /** A row whose score is surely lower is no hit. */
  threshold: number;
  #published = Number.NEGATIVE_INFINITY;
  #headPause = 0;
  #rows = new Int32Array(256);
  #lowest = new Float64Array(256);
  #highest = new Float64Array(256);
  #size = 0;
  #pruneAt = 256;

  constructor(
    { k, minScore, mask }: QueryJob,
    readonly index: number,
    private readonly control: Control,
  ) {
    this.#best = new TopK(k);
    this.threshold = minScore;
    this.#mask = mask && new Bitset(mask.length * 8, mask);
  }

  /** How many of the rows can be hits. */
  allowed(row: number, rows: number): number {
    return this.#mask ? this.#mask.count(row, row + rows) : rows;
  }

  isAllowed(row: number): boolean {
    return this.#mask === undefined || this.#mask.has(row);
  }

  /** Whether to look at the heads of the next rows first. */
  triesHead(dimensions: number): boolean {
    return headOf(dimensions) > 0 && this.threshold > Number.NEGATIVE_INFINITY && this.#headPause-- <= 0;
  }

  /** Is told the share of rows that their heads left over. */
  headLeft(share: number): void {
    this.#headPause = share > HEAD_PAYS ? HEAD_PAUSE_UNITS : 0;
  }

  /** Takes the float32 scores of rows from `row` on. */
  take(row: number, scores: Float32Array): void {
    this.listen();
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i]!;
      if (score >= this.threshold && this.isAllowed(row + i)) this.offer(row + i, score, score);
    }
    this.publish();
  }

  /** Takes a row whose score is between the two. */
  offer(row: number, lowest: number, highest: number): void {
    // Written so that NaN fails.
    if (!(highest >= this.threshold)) return;
    if (this.#size === this.#rows.length) this.#makeRoom();
    this.#rows[this.#size] = row;
    this.#lowest[this.#size] = lowest;
    this.#highest[this.#size++] = highest;
    if (lowest > Number.NEGATIVE_INFINITY) this.#best.offer(row, lowest);
    this.#raise(this.#best.threshold);
  }

  /** What other threads found may already rule rows out. */
  listen(): void {
    this.#raise(this.control.threshold(this.index));
  }

  publish(): void {
    if (this.threshold <= this.#published) return;
    this.#published = this.threshold;
    this.control.raise(this.index, this.threshold);
  }

  found(): FoundRows {
    this.listen();
    this.#prune();
    const size = this.#size;
    return {
      rows: this.#rows.slice(0, size),
      lowest: this.#lowest.slice(0, size),
      highest: this.#highest.slice(0, size),
    };
  }

  #raise(threshold: number): void {
    if (threshold > this.threshold) this.threshold = threshold;
  }

  /** Forgets the rows that are surely no hits, and grows when that was not enough. */
  #makeRoom(): void {
    if (this.#size >= this.#pruneAt) this.#prune();
    this.#pruneAt = this.#size * 2;
    if (this.#size <= this.#rows.length / 2) return;
    const grown = this.#rows.length * 2;
    const [rows, lowest, highest] = [this.#rows, this.#lowest, this.#highest];
    this.#rows = new Int32Array(grown);
    this.#rows.set(rows);
    this.#lowest = new Float64Array(grown);
    this.#lowest.set(lowest);
    this.#highest = new Float64Array(grown);
    this.#highest.set(highest);
  }

  #prune(): void {
    let kept = 0;
    for (let i = 0; i < this.#size; i++) {
      if (this.#highest[i]! < this.threshold) continue;
      this.#rows[kept] = this.#rows[i]!;
      this.#lowest[kept] = this.#lowest[i]!;
      this.#highest[kept++] = this.#highest[i]!;
    }
    this.#size = kept;
  }
}
