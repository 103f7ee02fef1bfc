/** A bounded line before work that takes the machine's time: so many at once, so many waiting, so long, and no more. */

import { LikenessError } from '../vectorlog/errors.ts';
import { Limiter } from '../vectorlog/parallel.ts';

/** The line is too long; who comes back later finds it shorter. */
export class Overloaded extends LikenessError {
  readonly retryable = true;

  /** @param retryAfterMs until those who wait have had their turn, as far as it can be told */
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

/** Who asked has left before its turn came. */
export class NobodyWaits extends LikenessError {
  readonly retryable = false;
}

export interface LineOptions {
  readonly atOnce: number;
  readonly maxWaiting: number;
  /**
   * Milliseconds that anyone waits for its turn. Who would wait longer, by what works took lately, is turned away at once;
   * who has waited so long all the same, then.
   *
   * @default as long as it takes
   */
  readonly maxWaitMs?: number;
  /** What is done, for the message: `searches`. */
  readonly of: string;
}

/** What the last work counts in the average of how long works take. */
const LAST_COUNTS = 0.2;

export class Line {
  readonly #limiter: Limiter;
  /** Who waits and was not turned away. */
  #waiting = 0;
  /** How long a work takes, on average of the last ones. */
  #usualMs = 0;

  constructor(private readonly options: LineOptions) {
    this.#limiter = new Limiter(options.atOnce);
  }

  /**
   * Does the work when its turn comes.
   *
   * @param signal of the one who asked: work of those who left is not begun
   * @throws Overloaded, NobodyWaits
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#limiter.isFull ? this.#wait(work, signal) : this.#limiter.run(() => this.#timed(work));
  }

  async #wait<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { atOnce, maxWaiting, maxWaitMs, of } = this.options;
    const expectedMs = ((this.#waiting + 1) * this.#usualMs) / atOnce;
    if (this.#waiting >= maxWaiting || (maxWaitMs !== undefined && expectedMs > maxWaitMs))
      throw new Overloaded(
        `${atOnce} ${of} are at work and ${this.#waiting} wait; try again in a moment`,
        expectedMs,
      );
    this.#waiting++;
    let waits = true;
    let timer: NodeJS.Timeout | undefined;
    const stopWaiting = (): void => {
      if (waits) this.#waiting--;
      waits = false;
      clearTimeout(timer);
    };
    const turn = this.#limiter.run(async () => {
      const isWanted = waits && !signal?.aborted;
      stopWaiting();
      if (!isWanted) throw new NobodyWaits(`nobody waits for one of the ${of} any more`);
      return this.#timed(work);
    });
    if (maxWaitMs === undefined) return turn;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        stopWaiting();
        reject(new Overloaded(`${atOnce} ${of} take longer than usual; try again in a moment`, maxWaitMs));
      }, maxWaitMs);
    });
    return Promise.race([turn, tooLong]);
  }

  async #timed<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#usualMs += LAST_COUNTS * (performance.now() - began - this.#usualMs);
    }
  }
}
