/** Keeps what is in memory as fresh as each reader asks for: readers share refreshes, and refreshes are tried again. */

import { AppendUnreadable } from '../log/append-file.ts';
import { type AppendInfo, readAppend } from '../log/append-log.ts';
import type { Append } from '../log/record.ts';
import type { Logger } from '../logger.ts';
import { INDEX_PREFIX } from '../names.ts';
import { ObjectNotFound, StoreUnavailable } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { DOWNLOAD_LIMITS } from './memory.ts';

/** `strong`: all that was acknowledged before the call. `eventual`: what is in memory, without asking the store. */
export type Consistency = 'strong' | 'eventual';

export interface FollowerOptions<S> {
  readonly logger: Logger;
  /**
   * Sets `snapshot` to one that contains all that was in the store when this was called, out of the one before and what
   * is new.
   *
   * @returns `false` when what was seen does not fit together, and must be looked at again
   */
  readonly follow: (attempt: number) => Promise<boolean>;
  /** Keeps a snapshot's memory for its reader. @default nothing is kept */
  readonly retain?: (snapshot: S) => void;
}

/**
 * Holds the latest snapshot of the index, and refreshes it when a reader asks for more than it has.
 *
 * @example
 * const { view } = await follower.read('strong');
 */
export class Follower<S extends { readonly age: () => number }> {
  /** `undefined` until the first refresh, and after what was loaded turned out to be of no use. */
  snapshot: S | undefined;
  readonly #options: FollowerOptions<S>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: FollowerOptions<S>) {
    this.#options = options;
  }

  /**
   * The snapshot to answer from, retained.
   *
   * @param patiently waits for a refresh in the reader's stead, and may give up
   * @throws StoreUnavailable when the index changes faster than it can be read
   */
  async read(
    consistency: Consistency,
    patiently: (refresh: Promise<void>) => Promise<void> = (refresh) => refresh,
  ): Promise<S> {
    for (;;) {
      const known = this.snapshot;
      if (consistency === 'strong' || !known) await patiently(this.#refresh());
      else this.#refreshWhenOld(known);
      // Not what the refresh made: a later one may have replaced that by now, and given its memory back.
      const latest = this.snapshot;
      if (!latest) continue;
      this.#options.retain?.(latest);
      return latest;
    }
  }

  #refreshWhenOld({ age }: S): void {
    const { logger } = this.#options;
    if (this.#running || age() <= DOWNLOAD_LIMITS.eventualRefreshMs) return;
    this.#refresh().catch((error) => logger.warn('the index was not refreshed', { error }));
  }

  /**
   * Calls share refreshes, but never one that has begun already: its lists may be older than what the caller was
   * promised to see.
   */
  #refresh(): Promise<void> {
    if (!this.#running) return this.#start();
    const start = () => this.#start();
    this.#next ??= this.#running.then(start, start);
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    this.#running = this.#followOften().finally(() => {
      if (!this.#next) this.#running = undefined;
    });
    return this.#running;
  }

  async #followOften(): Promise<void> {
    const { follow, logger } = this.#options;
    for (let attempt = 1; attempt <= DOWNLOAD_LIMITS.refreshTries; attempt++) {
      try {
        if (await follow(attempt)) return;
      } catch (error) {
        if (!(error instanceof ObjectNotFound)) throw error;
        // Cleaned away between the list and the reading: a newer commit has taken its place.
        logger.info('an object was gone before it was read', { key: error.key, attempt });
      }
    }
    throw new StoreUnavailable('the index changes faster than it can be read');
  }
}

/**
 * Does `read`, and once more on the newest state when its own was too old: a reader that slept for long reads rows from
 * a file that was replaced and cleaned away, and the next one has them too.
 */
export async function withFreshRetry<T>(
  consistency: Consistency,
  read: (consistency: Consistency) => Promise<T>,
): Promise<T> {
  try {
    return await read(consistency);
  } catch (error) {
    if (!(error instanceof ObjectNotFound && error.key.startsWith(INDEX_PREFIX))) throw error;
    return read('strong');
  }
}

/** One append. One that cannot be read counts as empty, as it does for compaction; it must not stop every search. */
export async function readOrSkip(
  { store, logger, dimensions }: { store: ObjectStore; logger: Logger; dimensions: number },
  name: string,
): Promise<Append> {
  try {
    return await readAppend(store, name, dimensions);
  } catch (error) {
    if (!(error instanceof AppendUnreadable)) throw error;
    logger.error('an append cannot be read and is left out', { name, error });
    return { records: [], vectors: new Float32Array(0) };
  }
}

/** The oldest appends, as many as `bytes` hold. */
export function fitting(appends: readonly AppendInfo[], bytes: number): readonly AppendInfo[] {
  let free = bytes;
  const taken: AppendInfo[] = [];
  for (const append of appends.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    free -= append.size;
    if (free < 0) break;
    taken.push(append);
  }
  return taken;
}
