/** The times of one run of on-upload: what is not done by them fails by itself, and costs its neighbours nothing. */

import { LikenessError } from '../../vectorlog/errors.ts';
import { INGEST_LIMITS } from './limits.ts';

/** A step has taken longer than it may; its message comes again. */
export class OutOfTime extends LikenessError {
  readonly retryable = true;
}

/** When steps of a run are over, whether they are done or not. */
export interface Deadlines {
  /** Looking, reading and embedding. */
  readonly taking: AbortSignal;
  /** What comes before the append and can be done without. */
  readonly beforeAppend: AbortSignal;
  /** All that is written down. */
  readonly writing: AbortSignal;
}

/** Ends with a deadline, and before it when a single step takes too long: those behind it must have time as well. */
export const untilLate = (deadline: AbortSignal | undefined): AbortSignal | undefined =>
  deadline && AbortSignal.any([deadline, AbortSignal.timeout(INGEST_LIMITS.longestStepMs)]);

/** The result of `work`; or `OutOfTime`, and then the work is not begun, or nobody waits for it any more. */
export async function inTime<Result>(
  work: () => Result | Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (!signal) return work();
  const outOfTime = () => new OutOfTime('it took too long, or the run has no time left');
  if (signal.aborted) throw outOfTime();
  const over = new AbortController();
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(outOfTime()), { signal: over.signal });
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    over.abort();
  }
}
