/** Compaction is woken by growth: at most once a minute, and without ever failing an upload. */

import { expect, test, vi } from 'vitest';
import { createWakeCompaction } from '../../../functions/on-upload/wake-compaction.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { movableClock } from '../../factories/movable-clock.ts';

test('the first append wakes compact, the others of a minute do not', async () => {
  const clock = movableClock();
  const invoke = vi.fn(async () => {});
  const wake = createWakeCompaction({ invoke, clock, logger: silentLogger });

  await wake();
  clock.skip(59_000);
  await wake();
  expect(invoke).toHaveBeenCalledTimes(1);

  clock.skip(1_000);
  await wake();
  expect(invoke).toHaveBeenCalledTimes(2);
});

test('an upload is done although compact could not be woken', async () => {
  const warn = vi.fn();
  const wake = createWakeCompaction({
    invoke: () => Promise.reject(new Error('throttled')),
    clock: movableClock(),
    logger: { ...silentLogger, warn },
  });

  await expect(wake()).resolves.toBeUndefined();
  expect(warn).toHaveBeenCalledOnce();
});
