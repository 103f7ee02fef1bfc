/** Virtual time: whatever waits is woken one at a time, in the order of its time, and runs until it waits again. */

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Turns of the event loop after which those who wait without being asleep wait for ever. */
const MOST_IDLE_TURNS = 1_000;

/** 1 June 2026: the simulation needs dates that look like dates. */
const EPOCH = Date.UTC(2026, 5, 1);

export class Scheduler {
  #now = EPOCH;
  #order = 0;
  /** A binary heap, the next to wake at the front. */
  readonly #heap: Sleeper[] = [];

  get now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(ms, resolve));
  }

  /** Calls `wake` in `ms` milliseconds. */
  at(ms: number, wake: () => void): void {
    const sleeper = { at: this.#now + Math.max(0, ms), order: this.#order++, wake };
    let i = this.#heap.push(sleeper) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(sleeper, this.#heap[parent]!)) break;
      this.#heap[i] = this.#heap[parent]!;
      i = parent;
    }
    this.#heap[i] = sleeper;
  }

  /** Wakes sleepers until `until` says so or nobody sleeps any more. */
  async run(until: () => boolean): Promise<void> {
    let idleTurns = 0;
    while (!until()) {
      const sleeper = this.#pop();
      // Long computations let others have turns in between, and nobody may be asleep meanwhile.
      if (!sleeper && ++idleTurns > MOST_IDLE_TURNS) return;
      if (sleeper) {
        idleTurns = 0;
        this.#now = sleeper.at;
        sleeper.wake();
      }
      // All promises that this has settled run before the next macrotask.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #pop(): Sleeper | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last || first === last) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (!isBefore(this.#heap[child]!, last)) break;
      this.#heap[i] = this.#heap[child]!;
      i = child;
    }
    this.#heap[i] = last;
    return first;
  }
}

const isBefore = (a: Sleeper, b: Sleeper): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
