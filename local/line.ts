/** A bounded line before work that takes the machine's time: so many at once, so many waiting, and no more. */

import { LikenessError } from '../vectorlog/errors.ts';
import { Limiter } from '../vectorlog/parallel.ts';

/** The line is full; who comes back later finds it shorter. */
export class Overloaded extends LikenessError {
  readonly retryable = true;
}

/** Who asked has left before its turn came. */
export class NobodyWaits extends LikenessError {
  readonly retryable = false;
}

export interface LineOptions {
  readonly atOnce: number;
  readonly maxWaiting: number;
  /** What is done, for the message: `searches`. */
  readonly of: string;
}

export class Line {
  readonly #limiter: Limiter;

  constructor(private readonly options: LineOptions) {
    this.#limiter = new Limiter(options.atOnce);
  }

  /**
   * Does the work when its turn comes.
   *
   * @param signal of the one who asked: work of those who left is not begun
   * @throws Overloaded, NobodyWaits
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { atOnce, maxWaiting, of } = this.options;
    if (this.#limiter.isFull && this.#limiter.waiting >= maxWaiting)
      throw new Overloaded(`${atOnce} ${of} are at work and ${maxWaiting} wait; try again in a moment`);
    return this.#limiter.run(async () => {
      if (signal?.aborted) throw new NobodyWaits(`nobody waits for one of the ${of} any more`);
      return work();
    });
  }
}
