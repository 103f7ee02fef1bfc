/** An account that runs so many functions at once and no more: what is over is throttled, as Lambda does it. */

/** What Lambda answers when all executions of the account are at work (TooManyRequestsException). */
export class Throttled extends Error {
  override readonly name = 'Throttled';
}

/** Executions at once of an account that is new. */
export const NEW_ACCOUNT = 10;

export class Account {
  /** Runs that were refused. */
  throttled = 0;
  /** The most that were at work at once. */
  most = 0;
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(private readonly executions: number) {}

  /** Resolves when an execution is free. */
  async freed(): Promise<void> {
    if (this.#running < this.executions) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** @throws Throttled before anything was begun; what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.executions) {
      this.throttled++;
      throw new Throttled('Rate Exceeded.');
    }
    this.#running++;
    this.most = Math.max(this.most, this.#running);
    try {
      return await work();
    } finally {
      this.#running--;
      for (const tell of this.#waiting.splice(0)) tell();
    }
  }
}
