/** Compacts every so often, and on demand, but never twice at once. */

import type { Logger } from '../core/logger.ts';

export interface CompactionTimerOptions<Report> {
  readonly compact: () => Promise<Report>;
  readonly everyMs: number;
  readonly logger: Logger;
}

export class CompactionTimer<Report> {
  readonly #options: CompactionTimerOptions<Report>;
  readonly #timer: NodeJS.Timeout;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CompactionTimerOptions<Report>) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.run().catch((error: unknown) => options.logger.error('a compaction failed', { error }));
    }, options.everyMs);
  }

  /** Compacts as soon as the compaction before has ended. */
  run(): Promise<Report> {
    const run = this.#last.then(() => this.#options.compact());
    this.#last = run.catch(() => {});
    return run;
  }

  /** Starts no more; resolves when the last has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
  }
}
