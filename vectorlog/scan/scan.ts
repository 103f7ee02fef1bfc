/** One thread's part in a pass over the rows, and in making their codes. */

import type { Control } from './control.ts';
import type { FoundRows, QuantizeJob, ScanJob } from './job.ts';
import { boundsAt, codedQueryAt, codesAt, queryAt, rowAt, SCORE_LINE, scoresAt } from './layout.ts';
import { QueryScan } from './query-scan.ts';
import type { Thread, Unit } from './thread.ts';

/** Below this share of a unit's rows it is cheaper to score the allowed ones one by one. */
const SPARSE = 1 / 8;

/** Rows are computed by fours; the last ones of a unit may be computed without being asked for. */
const toFours = (rows: number): number => (rows + 3) & ~3;

/**
 * Takes units until none is left, and answers with the best rows of these for each query; `undefined` when the pass
 * was abandoned because the codes rule out too few rows.
 */
export function scan(thread: Thread, control: Control, job: ScanJob): FoundRows[] | undefined {
  const queries = job.queries.map((query, i) => new QueryScan(query, i, control, job.maxCandidates));
  for (let unit = thread.unit(job, control.next()); unit; unit = thread.unit(job, control.next())) {
    if (control.abandoned) return undefined;
    const coded = unit.row + unit.rows <= job.coded;
    for (let i = 0; i < queries.length; ) {
      // A kernel for four takes three as well, and two where the rows' bytes cost more than the sums.
      const left = queries.length - i;
      const group = left >= (coded ? 3 : 2) ? Math.min(4, left) : 1;
      const some = queries.slice(i, i + group);
      if (some.every((query) => query.allowed(unit.row, unit.rows) <= unit.rows * SPARSE)) {
        some.forEach((query, at) => {
          scoreAllowed(unit, query, i + at);
        });
      } else if (!coded) {
        scoreAll(thread, unit, some, i);
      } else if (!judgeAll(thread, unit, some, i)) {
        control.abandon();
        return undefined;
      }
      i += group;
    }
  }
  if (control.abandoned) return undefined;
  queries.forEach((query, i) => {
    query.rescore((row) => {
      const { segment, local } = thread.place(job, row);
      return segment.kernel.dotFloat(rowAt(segment.layout, local), queryAt(i));
    });
  });
  return queries.map((query) => query.found());
}

/** Takes units until none is left and writes their codes. */
export function quantize(thread: Thread, control: Control, job: QuantizeJob): void {
  for (let unit = thread.unit(job, control.next()); unit; unit = thread.unit(job, control.next())) {
    const { segment, local, rows } = unit;
    segment.kernel.quantize(
      rowAt(segment.layout, local),
      rows,
      codesAt(segment.layout, local),
      boundsAt(segment.layout, local),
    );
  }
}

function scoreAllowed({ segment, row, local, rows }: Unit, query: QueryScan, index: number): void {
  for (let i = 0; i < rows; i++) {
    if (!query.isAllowed(row + i)) continue;
    query.offer(row + i, segment.kernel.dotFloat(rowAt(segment.layout, local + i), queryAt(index)));
  }
}

function scoreAll(thread: Thread, unit: Unit, queries: readonly QueryScan[], first: number): void {
  const { segment, local, rows } = unit;
  const out = scoresAt(thread.number);
  const from = rowAt(segment.layout, local);
  if (queries.length === 1) segment.kernel.dotFloats(from, toFours(rows), queryAt(first), out);
  else segment.kernel.dotFloats4(from, toFours(rows), queryAt(first), out, SCORE_LINE);
  queries.forEach((query, i) => {
    query.take(unit.row, rows, new Float32Array(segment.memory.buffer, out + i * SCORE_LINE, rows));
  });
}

/** `false` when the codes rule out too few rows for some query. */
function judgeAll(thread: Thread, unit: Unit, queries: readonly QueryScan[], first: number): boolean {
  const { segment, local, rows } = unit;
  const out = scoresAt(thread.number);
  const from = codesAt(segment.layout, local);
  if (queries.length === 1) segment.kernel.dotCodes(from, toFours(rows), codedQueryAt(first), out);
  else segment.kernel.dotCodes4(from, toFours(rows), codedQueryAt(first), out, SCORE_LINE);
  const bounds = new Float32Array(segment.memory.buffer, boundsAt(segment.layout, local), rows * 4);
  return queries.every((query, i) => {
    const products = new Int32Array(segment.memory.buffer, out + i * SCORE_LINE, rows);
    return query.judge(unit.row, rows, products, bounds);
  });
}
