/** Time and names made from it, behind an interface, so that the simulation can own both. */

import { monotonicFactory } from 'ulid';

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
  /** A new ULID: unique, and sorting by the time it was made. */
  ulid(): string;
}

const nextUlid = monotonicFactory();

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  ulid: () => nextUlid(),
};
