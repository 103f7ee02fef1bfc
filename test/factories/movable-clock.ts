/** A clock that stands still until a test moves it. */

import { type Clock, systemClock } from '../../vectorlog/clock.ts';

export interface MovableClock extends Clock {
  /** Moves it forward. */
  skip(ms: number): void;
}

export function movableClock(now = Date.UTC(2026, 5, 1)): MovableClock {
  let time = now;
  return {
    now: () => time,
    monotonic: () => time,
    sleep: async (ms) => {
      time += ms;
    },
    ulid: systemClock.ulid,
    skip: (ms) => {
      time += ms;
    },
  };
}
