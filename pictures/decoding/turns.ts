/** Long work on the thread that also answers others: it stops for them every few milliseconds, and for good at its end. */

import { setImmediate as othersDone } from 'node:timers/promises';
import { decodeTimeout } from './errors.ts';

/** How long others wait at most. */
const TURN_MS = 10;

/** Steps between two looks at the clock, which cost as much as some steps. */
const STEPS = 1_024;

export class Turns {
  #steps = 0;
  #since = performance.now();
  #workedMs = 0;

  /** @param limitMs of work, without the turns of others, after which the picture is refused */
  constructor(private readonly limitMs: number) {}

  /** Whether others are to have their turn before `steps` more, each of which takes less than a microsecond or two. */
  isOver(steps: number): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS) return false;
    this.#steps = 0;
    return performance.now() - this.#since >= TURN_MS;
  }

  /** Lets others have their turn. @throws PictureRejected when the time for this picture is over */
  async next(): Promise<void> {
    this.#workedMs += performance.now() - this.#since;
    if (this.#workedMs > this.limitMs) throw decodeTimeout(this.limitMs);
    await othersDone();
    this.#since = performance.now();
  }
}
