/** One thread's part in a pass over the rows: it takes units of rows until none is left. */

import { below, type Control } from './control.ts';
import { instantiate, type Kernel } from './kernel.ts';
import {
  HIGH_HALF,
  headOf,
  QUERY_TILES,
  RowLayout,
  type RowShape,
  SCORE_LINE,
  type Stage,
  UNIT_ROWS,
} from './layout.ts';
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
/** Queries from which on heads are tried: fewer are answered sooner than memory is read. */
const HEAD_QUERIES = 8;
/** Rows that are judged before those left are sifted again, since each of them may raise what must be reached. */
const JUDGED_AT_ONCE = 32;
/** Where among a row's bounds the norm stands of what the high halves leave out: of all codes, and of their head. */
const LOW_AT = { whole: 16, high: 16, head: 20 } as const;

/** How coarse integers are multiplied. */
type CoarseStage = Exclude<Stage, 'fine'>;

/** What a thread's lines of scores hold: four products a row, of four queries a line each, or two numbers a row. */
const LINES = {
  products: 0,
  survivors: 4,
  ends: 8,
  thresholds: 12,
  counts: 13,
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

/** Queries that are multiplied together: a kernel for four takes three as well, and two where the rows' bytes cost more than the sums. */
function groupsOf(queries: readonly QueryScan[], coded: boolean): QueryScan[][] {
  const groups: QueryScan[][] = [];
  for (let i = 0; i < queries.length; i += groups.at(-1)!.length) {
    const left = queries.length - i;
    groups.push(queries.slice(i, i + (left >= (coded ? 3 : 2) ? QUERY_TILES : 1)));
  }
  return groups;
}

/** Rows that are left of a unit: their numbers, int32, and where the products of all its rows are, `step` bytes apart. */
interface Left {
  readonly numbers: number;
  readonly count: number;
  readonly products: number;
  readonly step: number;
}

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
    const coded = this.#segments.get(job.segments[0]!)?.layout.shape.kind === 'codes';
    const groups = groupsOf(queries, coded);
    const mayTryHeads = queries.length >= HEAD_QUERIES;
    for (let unit = this.#unit(job, control.next()); unit; unit = this.#unit(job, control.next())) {
      const { row, rows } = unit;
      for (const some of groups) {
        if (some.every((query) => query.allowed(row, rows) <= rows * SPARSE))
          for (const query of some) this.#oneByOne(unit, query, coded);
        else if (!coded) this.#floats(unit, some);
        else if (some.length === 1) this.#codesOfOne(unit, some[0]!);
        else this.#codes(unit, some, mayTryHeads);
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
    const { kernel, layout, ints, floats } = segment;
    const { dimensions } = layout.shape;
    const { highStride, planeBytes } = layout;
    for (const query of queries) query.listen();
    // All are asked, since each counts the units that it has paused.
    const wanting = queries.filter((query) => query.triesHead(dimensions));
    const stage = mayTryHeads && wanting.length === queries.length ? 'head' : 'high';
    const bytes = stage === 'head' ? headOf(dimensions) / 2 : planeBytes;
    const { index } = queries[0]!;
    const [products, survivors] = [this.#line(layout, LINES.products), this.#line(layout, LINES.survivors)];
    const [thresholds, counts] = [this.#line(layout, LINES.thresholds), this.#line(layout, LINES.counts)];
    queries.forEach(({ threshold }, i) => {
      floats[thresholds / 4 + i] = below(threshold);
    });
    const [from, to] = [layout.highAt(local), layout.queryAt(index)];
    kernel.dotHigh4(from, toFours(rows), highStride, bytes, to, products);
    kernel.sift4(
      products,
      rows,
      layout.boundsAt(local),
      highStride,
      layout.boundsAt(local) + LOW_AT[stage],
      layout.sieveAt(index, stage),
      layout.sharesAt(index, stage),
      thresholds,
      survivors,
      SCORE_LINE,
      counts,
    );
    const left = queries.map((_, i) => ints[counts / 4 + i]!);
    if (stage === 'head') {
      // One word for all four, who try heads together or not at all.
      const share = left.reduce((sum, count) => sum + count, 0) / (rows * queries.length);
      for (const query of queries) query.headLeft(share);
    }
    queries.forEach((query, i) => {
      const numbers = survivors + i * SCORE_LINE;
      const ofQuery = { numbers, count: left[i]!, products: products + i * 4, step: QUERY_TILES * 4 };
      this.#settle(unit, query, stage, ofQuery);
    });
  }

  #codesOfOne(unit: Unit, query: QueryScan): void {
    const { kernel, layout } = unit.segment;
    query.listen();
    const { local, rows } = unit;
    const stage = query.triesHigh() ? 'high' : 'whole';
    const ofRows = [layout.highAt(local), rows, layout.highStride] as const;
    const [products, numbers] = [this.#line(layout, LINES.products), this.#line(layout, LINES.survivors)];
    const rest = [
      layout.planeBytes,
      layout.queryAt(query.index),
      products,
      layout.weightsAt(query.index, stage),
      layout.sharesAt(query.index, stage),
      query.threshold,
      numbers,
    ] as const;
    const count =
      stage === 'high'
        ? kernel.siftHigh(...ofRows, ...rest)
        : kernel.siftBoth(...ofRows, layout.lowAt(local), ...rest);
    if (stage === 'high') query.highLeft(count / rows);
    this.#settle(unit, query, stage, { numbers, count, products, step: 4 });
  }

  /** Judges those of the rows left that may still be hits; each that is judged may raise what the others must reach. */
  #settle(unit: Unit, query: QueryScan, stage: CoarseStage, left: Left): void {
    if (left.count === 0) return;
    const { kernel, layout } = unit.segment;
    const { highStride, planeBytes } = layout;
    const to = layout.queryAt(query.index);
    const { products, step } = left;
    let { numbers, count } = left;
    const sift = (by: CoarseStage): number => this.#sift(unit, query, by, { numbers, count, products, step });
    if (stage === 'head') {
      const [from, start] = [layout.highAt(unit.local), headOf(layout.shape.dimensions) / 2];
      kernel.dotMore(numbers, count, from, highStride, start, planeBytes, to, products, step, 1);
      count = sift('high');
    }
    if (stage !== 'whole') {
      const low = layout.lowAt(unit.local);
      kernel.dotMore(numbers, count, low, planeBytes, 0, planeBytes, to, products, step, HIGH_HALF);
      count = sift('whole');
    }
    while (count > 0) {
      const some = Math.min(count, JUDGED_AT_ONCE);
      this.#judge(unit, query, numbers, some);
      numbers += some * 4;
      count -= some;
      if (count > 0) count = sift('whole');
    }
  }

  /** Leaves those of the rows left that their products do not rule out; how many these are. */
  #sift(unit: Unit, query: QueryScan, stage: CoarseStage, { numbers, count, products, step }: Left): number {
    const { kernel, layout } = unit.segment;
    const bounds = layout.boundsAt(unit.local);
    return kernel.sift(
      products,
      step,
      numbers,
      count,
      bounds,
      layout.highStride,
      bounds + LOW_AT[stage],
      layout.weightsAt(query.index, stage),
      layout.sharesAt(query.index, stage),
      query.threshold,
      numbers,
    );
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
      layout.highAt(local),
      layout.highStride,
      layout.lowAt(local),
      layout.planeBytes,
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
