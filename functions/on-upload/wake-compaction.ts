/** Has compact run soon after an append: on-upload wakes it, and a schedule runs it when that call was lost. */

import type { Clock } from '../../vectorlog/clock.ts';
import type { Logger } from '../../vectorlog/logger.ts';

export interface WakeCompactionDeps {
  /** Starts compact and does not wait for its end. */
  readonly invoke: () => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds between two calls of one instance; each call folds all that has been appended until then. */
const LEAST_INTERVAL_MS = 60_000;

/**
 * Makes what is called after each append. It calls compact at most once a minute, and never rejects: an append that
 * nobody was woken for is found by searches all the same, and folded by the next call or by the schedule.
 */
export function createWakeCompaction({ invoke, clock, logger }: WakeCompactionDeps): () => Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.now() - last < LEAST_INTERVAL_MS) return;
    last = clock.now();
    try {
      await invoke();
    } catch (error) {
      logger.warn('compact could not be woken; its schedule will do it', { error });
    }
  };
}
