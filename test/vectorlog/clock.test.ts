/** Times are measured by the clock that says more: one can be set back, the other stands still while the machine sleeps. */

import { describe, expect, it } from 'vitest';
import { type Clock, stopwatch, systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { ListOptions } from '../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';

const MINUTE = 60_000;

/** Two clocks that a test moves, each by itself. */
function twoClocks() {
  const at = { now: 1_000 * MINUTE, monotonic: 0 };
  const clock: Clock = { ...systemClock, now: () => at.now, monotonic: () => at.monotonic };
  return { at, clock };
}

describe('stopwatch', () => {
  it.each([
    ['neither was touched', 2, 2, 2],
    ['the one was set back', -60, 2, 2],
    ['the other stood still while the machine slept', 60, 2, 60],
  ])('when %s', (_, now, monotonic, said) => {
    const { at, clock } = twoClocks();
    const elapsed = stopwatch(clock);
    at.now += now * MINUTE;
    at.monotonic += monotonic * MINUTE;
    expect(elapsed()).toBe(said * MINUTE);
  });
});

describe('a reader whose clock is set back by an hour', () => {
  /** An index without anything, and how often it was looked at. */
  function reader(onLook: (looks: number) => void, clock: Clock) {
    let looks = 0;
    const store = new (class extends MemoryStore {
      override async *list(options: ListOptions) {
        onLook(++looks);
        yield* super.list(options);
      }
    })();
    const index = new LiveIndex({ dimensions: 32, store, clock, logger: silentLogger, budgetBytes: 2 ** 30 });
    return { index, looks: () => looks };
  }

  it('looks again when looking took longer than folded appends stay', async () => {
    const { at, clock } = twoClocks();
    const { index, looks } = reader((look) => {
      if (look > 1) return;
      at.now -= 60 * MINUTE;
      at.monotonic += 5 * MINUTE;
    }, clock);

    await index.read('strong', () => {});

    expect(looks()).toBe(2);
  });

  it('goes on to refresh what it answers eventual reads from', async () => {
    const { at, clock } = twoClocks();
    const { index, looks } = reader(() => {}, clock);
    await index.read('strong', () => {});
    at.now -= 60 * MINUTE;
    at.monotonic += 5 * MINUTE;

    await index.read('eventual', () => {});

    expect(looks()).toBe(2);
  });
});
