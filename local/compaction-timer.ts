/** Compacts every so often, and on demand, but never twice at once. */

import type { Logger } from '../vectorlog/logger.ts';

export interface CompactionTimerOptions<Report> {
  readonly compact: () => Promise<Report>;
  readonly everyMs: number;
  readonly logger: Logger;
}

export class CompactionTimer<Report> {
  readonly #options: CompactionTimerOptions<Report>;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CompactionTimerOptions<Report>) {
    this.#options = options;
  }

  start(): void {
    const { everyMs, logger } = this.#options;
    this.#timer ??= setInterval(() => {
      this.run().catch((error: unknown) => logger.error('a compaction failed', { error }));
    }, everyMs);
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
