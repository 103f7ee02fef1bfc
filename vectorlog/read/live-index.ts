/** The index as searches see it, always in memory and as fresh as each of them asks for. */

import { DOWNLOAD_LIMITS } from './limits.ts';
import { type Current, Resident, type ResidentOptions } from './resident.ts';
import type { View } from './view.ts';

/** `strong`: all that was acknowledged before the call. `eventual`: what is in memory, without asking the store. */
export type Consistency = 'strong' | 'eventual';

/**
 * @example
 * const index = new LiveIndex({ store, clock, logger, budgetBytes });
 * const { found } = await index.read('strong', (view) => view.search([embedding], { k: 10 }));
 */
export class LiveIndex {
  readonly #options: ResidentOptions;
  readonly #resident: Resident;
  #running: Promise<Current> | undefined;
  #next: Promise<Current> | undefined;

  constructor(options: ResidentOptions) {
    this.#options = options;
    this.#resident = new Resident(options);
  }

  get budgetBytes(): number {
    return this.#options.budgetBytes;
  }

  /**
   * Does some work on the index as it is now. The view never changes, and its memory stays until the work is done.
   *
   * @throws IndexTooLarge, IndexDamaged, StoreUnavailable
   */
  async read<T>(consistency: Consistency, work: (view: View) => Promise<T> | T): Promise<T> {
    const view = await this.#view(consistency);
    view.retain();
    try {
      return await work(view);
    } finally {
      view.release();
    }
  }

  async #view(consistency: Consistency): Promise<View> {
    const { current } = this.#resident;
    if (consistency === 'strong' || !current) {
      const refreshed = await this.#refresh();
      // What came with it may be of no use already, when some of its rows could not be read: this says why.
      if (!this.#resident.current) await refreshed.index.complete;
    } else if (
      !this.#running &&
      this.#options.clock.now() - current.asOf > DOWNLOAD_LIMITS.eventualRefreshMs
    ) {
      this.#refresh().catch((error) => this.#options.logger.warn('the index was not refreshed', { error }));
    }
    // Not what the refresh returned: a later one may have replaced that by now, and given its memory back.
    return this.#resident.current?.view ?? this.#view(consistency);
  }

  /**
   * Calls share refreshes, but never one that has begun already: its lists may be older than what the caller was
   * promised to see.
   */
  #refresh(): Promise<Current> {
    if (!this.#running) return this.#start();
    const start = () => this.#start();
    this.#next ??= this.#running.then(start, start);
    return this.#next;
  }

  #start(): Promise<Current> {
    this.#next = undefined;
    this.#running = this.#resident.refresh().finally(() => {
      if (!this.#next) this.#running = undefined;
    });
    return this.#running;
  }
}
