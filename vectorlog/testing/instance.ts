/** One running copy of a function: it has a clock of its own that is wrong, and can die at any moment. */

import { encodeTime } from 'ulid';
import type { Clock } from '../clock.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export class Instance {
  readonly clock: Clock;
  /** Resolves when the instance is killed. */
  readonly died: Promise<'died'>;
  #die: (value: 'died') => void = () => {};
  #skewMs: number;
  #alive = true;

  constructor(
    readonly scheduler: Scheduler,
    readonly random: Random,
    skewMs: number,
  ) {
    this.#skewMs = skewMs;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.clock = {
      now: () => Math.floor(scheduler.now + this.#skewMs),
      monotonic: () => scheduler.now,
      sleep: (ms) => this.wait(ms),
      ulid: () =>
        encodeTime(this.clock.now(), 10) +
        Array.from({ length: 16 }, () => CROCKFORD[random.int(32)]).join(''),
    };
  }

  /** Sets its clock forward, or back. */
  jump(ms: number): void {
    this.#skewMs += ms;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** From here on nothing that it waits for ever comes. */
  kill(): void {
    this.#alive = false;
    this.#die('died');
  }

  async wait(ms: number): Promise<void> {
    await this.scheduler.sleep(ms);
    await this.ifAlive();
  }

  /** Resolves at once for the living and never for the dead. */
  ifAlive(): Promise<void> {
    return this.#alive ? Promise.resolve() : new Promise(() => {});
  }
}
