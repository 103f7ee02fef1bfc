/** Folds the log into the index until nothing waits; woken by a schedule, needs no input. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { type CompactionDeps, Compactor } from '../../vectorlog/commit/compaction.ts';
import type { CompactionReport } from '../../vectorlog/commit/compaction-report.ts';

/**
 * Makes the handler. It stays warm from call to call; calls must follow each other.
 *
 * @returns a report of all it did together, with the outcome of the last commit
 */
export function createCompact(deps: Omit<CompactionDeps, 'dimensions'>): () => Promise<CompactionReport> {
  const compactor = new Compactor({ ...deps, dimensions: DIMENSIONS });
  return async () => {
    let total = await compactor.run();
    for (let last = total; last.outcome === 'committed' && last.pending > 0; ) {
      last = await compactor.run();
      total = sum(total, last);
    }
    return total;
  };
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
