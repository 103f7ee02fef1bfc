/** Folds the log into the index until nothing waits, and projects it where a far index is; needs no input. */

import { filterableOf } from '../../pictures/attributes.ts';
import { dimensionsOf } from '../../pictures/dimensions.ts';
import { type CompactionDeps, type CompactionReport, Compactor } from '../../vectorlog/commit/compaction.ts';
import { isRetryable } from '../../vectorlog/errors.ts';
import type { FarIndex } from '../../vectorlog/far/far-index.ts';
import { type ProjectionReport, project } from '../../vectorlog/far/projection.ts';
import { measureRecall } from '../../vectorlog/far/recall.ts';

export interface CompactDeps extends Omit<CompactionDeps, 'dimensions'> {
  /** Where the rows are projected. @default nowhere */
  readonly far?: FarIndex | undefined;
}

/** What a run did; `projection` where there is a far index, and it did something or is not done. */
export interface CompactReport extends CompactionReport {
  readonly projection?: ProjectionReport;
}

/** Rows are not written anew where their names stand in a far index: dead ones stay in the file. */
const NO_REWRITE = { maxDeadShare: 1 };

/**
 * Makes the handler. It stays warm from call to call; calls must follow each other.
 *
 * @returns a report of all it did together, with the outcome of the last commit
 */
export function createCompact({ far, ...deps }: CompactDeps): (until?: number) => Promise<CompactReport> {
  const limits = far ? { ...deps.limits, ...NO_REWRITE } : deps.limits;
  const compactor = new Compactor({
    ...deps,
    ...(limits && { limits }),
    dimensions: dimensionsOf(deps.modelId),
  });
  return async (until) => {
    let total = await compactor.run();
    for (let last = total; last.outcome === 'committed' && last.pending > 0; ) {
      last = await compactor.run();
      total = sum(total, last);
    }
    if (!far) return total;
    const projection = await projected({ ...deps, far }, until);
    const { put, deleted, left } = projection;
    return put + deleted === 0 && left < FEW ? total : { ...total, projection };
  };
}

/** Rows that wait for others are no news. */
const FEW = 16;

/** A service that is away for a while does not undo the commit: searches look at the rows themselves meanwhile. */
async function projected(
  deps: CompactDeps & { readonly far: FarIndex },
  until: number | undefined,
): Promise<ProjectionReport> {
  try {
    const context = { ...deps, dimensions: dimensionsOf(deps.modelId) };
    const report = await project({ ...context, filterable: filterableOf }, until);
    const hasTime = until === undefined || deps.clock.now() < until;
    const recall = report.left < FEW && hasTime ? await measureRecall(context) : undefined;
    if (recall) deps.logger.info('the recall of the far index was measured', { ...recall });
    return report;
  } catch (error) {
    if (!isRetryable(error)) throw error;
    deps.logger.warn('rows were not projected, the next run goes on', { error });
    return { put: 0, deleted: 0, left: 0 };
  }
}

const sum = (a: CompactionReport, b: CompactionReport): CompactionReport => ({
  ...b,
  folded: a.folded + b.folded,
  rowsAdded: a.rowsAdded + b.rowsAdded,
  rowsDied: a.rowsDied + b.rowsDied,
  rewritten: a.rewritten || b.rewritten,
  deleted: a.deleted + b.deleted,
  oldestWaitMs: Math.max(a.oldestWaitMs, b.oldestWaitMs),
});
