/** Lets one part of a program wait until another says that something changed. */

export class Signal {
  #waiters: (() => void)[] = [];

  /** Wakes everyone who waits. */
  notify(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /** Resolves at the next `notify`, or after `ms` milliseconds; `Infinity` waits for the `notify` alone. */
  async wait(ms = Number.POSITIVE_INFINITY): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
      if (Number.isFinite(ms)) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}
