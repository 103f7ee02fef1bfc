/** Work side by side, but not all of it at once. */

/** Lets so many works run at a time; the others wait, first come, first served. */
export class Limiter {
  readonly #waiting: (() => void)[] = [];
  #atWork = 0;

  constructor(private readonly limit: number) {}

  get isFull(): boolean {
    return this.#atWork >= this.limit;
  }

  /** How many works have not begun. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Does `work` when there is room. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    // Whoever ends hands over its place.
    if (this.isFull) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#atWork++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#atWork--;
    }
  }
}

/**
 * Starts `tasks` in order, at most `limit` at a time, and returns their promises in the same order. Once one has
 * failed, those that have not begun fail with the same error.
 */
export function inParallel<T>(limit: number, tasks: readonly (() => Promise<T>)[]): Promise<T>[] {
  const limiter = new Limiter(limit);
  let failure: { readonly error: unknown } | undefined;
  return tasks.map((task) =>
    limiter.run(async () => {
      if (failure) throw failure.error;
      try {
        return await task();
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    }),
  );
}

/**
 * Does `work` on each item, at most `limit` at a time, and gives the results in order. Rejects with the error that came first,
 * once nothing is at work any more.
 */
export async function mapInParallel<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  let failure: { readonly error: unknown } | undefined;
  const tasks = items.map((item) => async () => {
    try {
      return await work(item);
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  });
  const outcomes = await Promise.allSettled(inParallel(limit, tasks));
  if (failure) throw failure.error;
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<R>).value);
}

/** Works that one producer begins as they come, waiting while `limit` of them are under way. */
export class InFlight {
  readonly #works = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(private readonly limit: number) {}

  /** Begins `work`; resolves when there is room for another. @throws the error of any work that has failed */
  async begin(work: () => Promise<unknown>): Promise<void> {
    const running = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        this.#works.delete(running);
      });
    this.#works.add(running);
    if (this.#works.size >= this.limit) await Promise.race(this.#works);
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when all have ended. @throws the error that came first */
  async done(): Promise<void> {
    await this.settled();
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when all have ended, well or not. */
  async settled(): Promise<void> {
    await Promise.all(this.#works);
  }
}
