/** Time and names made from it, behind an interface, so that the simulation can own both. */

import { monotonicFactory } from 'ulid';

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody sets; it may stand still while the machine sleeps. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
  /** A new ULID: unique, and sorting by the time it was made. */
  ulid(): string;
}

const nextUlid = monotonicFactory();

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  ulid: () => nextUlid(),
};

/**
 * Measures from now on, in milliseconds, by the clock that says more: the one can be set back, and the other stands still
 * while the machine sleeps. Set forward, it seems to be later than it is.
 */
export function stopwatch(clock: Pick<Clock, 'now' | 'monotonic'>): () => number {
  const now = clock.now();
  const monotonic = clock.monotonic();
  return () => Math.max(clock.now() - now, clock.monotonic() - monotonic);
}
