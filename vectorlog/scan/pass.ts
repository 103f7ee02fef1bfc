/** One thread's part in a pass over the rows: it takes units of rows until none is left. */

import type { Control } from './control.ts';
import { instantiate, type Kernel } from './kernel.ts';
import { headOf, RowLayout, type RowShape, SCORE_LINE, type Stage, UNIT_ROWS } from './layout.ts';
import { type FoundRows, type QueryJob, QueryScan } from './query-scan.ts';

/** A segment's memory and what is in it; a thread keeps what it was given until the memory holds something else. */
export interface SegmentGrant {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly shape: RowShape;
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

/** Below this share of a unit's rows it is cheaper to score the allowed ones one by one. */
const SPARSE = 1 / 8;
/**
 * Queries from which on heads are tried: the first ones bring rows into the cache, and memory that is read with gaps comes
 * at half the speed.
 */
const HEAD_QUERIES = 8;
/** Rows that are judged before those left are sifted again, since each of them may raise what must be reached. */
const JUDGED_AT_ONCE = 32;
/** Where the sum of all codes and the norm of no other stand among a row's bounds. */
const [SUM_AT, REST_AT] = [16, 24];

/** How coarse integers are multiplied. */
type CoarseStage = Exclude<Stage, 'fine'>;

/** What a thread's lines of scores hold: of four queries a line each, or two numbers a row. */
const LINES = {
  products: 0,
  survivors: 4,
  ends: 8,
  thresholds: 12,
  counts: 13,
  all: 14,
  sums: 15,
  rests: 16,
} as const;

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
  /** The unit that heads were measured of. */
  #measured: Unit | undefined;

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
    ints.set(firstNumbers, this.#line(layout, LINES.all) / 4);
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
    const { kernel, layout, ints, doubles } = segment;
    const { dimensions } = layout.shape;
    const { stride } = layout;
    for (const query of queries) query.listen();
    // All are asked, since each counts the units that it has paused.
    const wanting = queries.filter((query) => query.triesHead(dimensions));
    const stage = mayTryHeads && wanting.length === queries.length ? 'head' : 'whole';
    const bytes = stage === 'head' ? headOf(dimensions) : dimensions;
    const { index } = queries[0]!;
    const [from, to, bounds] = [layout.rowAt(local), layout.queryAt(index), layout.boundsAt(local)];
    const [weights, shares] = [layout.weightsAt(index, stage), layout.sharesAt(index, stage)];
    const [products, survivors] = [this.#line(layout, LINES.products), this.#line(layout, LINES.survivors)];
    const counts = this.#line(layout, LINES.counts);
    const parts = this.#parts(unit, stage);
    if (queries.length === 1) {
      const { threshold } = queries[0]!;
      kernel.dotCoarse(from, toFours(rows), stride, bytes, to, products);
      const all = this.#line(layout, LINES.all);
      ints[counts / 4] = kernel.sift(
        products,
        all,
        rows,
        bounds,
        stride,
        ...parts,
        weights,
        shares,
        threshold,
        survivors,
      );
    } else {
      const thresholds = this.#line(layout, LINES.thresholds);
      for (const [i, { threshold }] of queries.entries()) doubles[thresholds / 8 + i] = threshold;
      kernel.dotCoarse4(from, toFours(rows), stride, bytes, to, products, SCORE_LINE);
      kernel.sift4(
        products,
        SCORE_LINE,
        rows,
        bounds,
        stride,
        ...parts,
        weights,
        shares,
        thresholds,
        survivors,
        counts,
      );
    }
    const left = queries.map((_, i) => ints[counts / 4 + i]!);
    if (stage === 'head') {
      // One word for all four, who try heads together or not at all.
      const share = left.reduce((sum, count) => sum + count, 0) / (rows * queries.length);
      for (const query of queries) query.headLeft(share);
    }
    for (const [i, query] of queries.entries()) this.#settle(unit, query, stage, i * SCORE_LINE, left[i]!);
  }

  /**
   * Judges those of a query's survivors that may still be hits; each that is judged may raise what the others must reach.
   *
   * @param line bytes from the first query's lines to this one's
   */
  #settle(unit: Unit, query: QueryScan, stage: CoarseStage, line: number, survivors: number): void {
    const { kernel, layout } = unit.segment;
    const { dimensions } = layout.shape;
    const products = this.#line(layout, LINES.products) + line;
    let numbers = this.#line(layout, LINES.survivors) + line;
    let count = survivors;
    const sift = (): void => {
      count = kernel.sift(
        products,
        numbers,
        count,
        layout.boundsAt(unit.local),
        layout.stride,
        ...this.#parts(unit, 'whole'),
        layout.weightsAt(query.index, 'whole'),
        layout.sharesAt(query.index, 'whole'),
        query.threshold,
        numbers,
      );
    };
    if (stage === 'head' && count > 0) {
      const [from, to] = [layout.rowAt(unit.local), layout.queryAt(query.index)];
      kernel.dotRest(numbers, count, from, layout.stride, headOf(dimensions), dimensions, to, products);
      sift();
    }
    while (count > 0) {
      const some = Math.min(count, JUDGED_AT_ONCE);
      this.#judge(unit, query, numbers, some);
      numbers += some * 4;
      count -= some;
      if (count > 0) sift();
    }
  }

  /** Where the sums of the rows' codes are, and the norms of those that a stage leaves out, and the bytes from row to row. */
  #parts(unit: Unit, stage: CoarseStage): [sums: number, rests: number, step: number] {
    const { kernel, layout } = unit.segment;
    const { stride } = layout;
    const { dimensions } = layout.shape;
    const bounds = layout.boundsAt(unit.local);
    if (stage === 'whole') return [bounds + SUM_AT, bounds + REST_AT, stride];
    const [sums, rests] = [this.#line(layout, LINES.sums), this.#line(layout, LINES.rests)];
    if (this.#measured !== unit) {
      this.#measured = unit;
      const from = layout.rowAt(unit.local);
      kernel.measureParts(from, unit.rows, stride, headOf(dimensions), dimensions, sums, rests);
    }
    return [sums, rests, 4];
  }

  #line(layout: RowLayout, line: number): number {
    return layout.scoresAt(this.number) + line * SCORE_LINE;
  }

  #oneByOne(unit: Unit, query: QueryScan, coded: boolean): void {
    const { kernel, layout, ints } = unit.segment;
    const { row, local, rows } = unit;
    query.listen();
    if (coded) {
      const numbers = this.#line(layout, LINES.survivors);
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
    const out = this.#line(layout, LINES.ends);
    kernel.judge(
      numbers,
      allowed,
      layout.rowAt(local),
      layout.stride,
      layout.shape.dimensions,
      layout.fineQueryAt(query.index),
      layout.weightsAt(query.index, 'fine'),
      layout.sharesAt(query.index, 'fine'),
      out,
    );
    const ends = out / 8;
    for (let i = 0; i < allowed; i++)
      query.offer(row + ints[from + i]!, doubles[ends + 2 * i]!, doubles[ends + 2 * i + 1]!);
    query.publish();
  }
}
