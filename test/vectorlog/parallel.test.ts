/** Work side by side: in order, within the limit, and no further after a failure. */

import { expect, test } from 'vitest';
import { inParallel } from '../../vectorlog/parallel.ts';

test('runs no more tasks at once than it may, and returns their results in order', async () => {
  let running = 0;
  let most = 0;
  const tasks = Array.from({ length: 20 }, (_, i) => async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, (i * 7) % 3));
    running--;
    return i;
  });
  expect(await Promise.all(inParallel(4, tasks))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(most).toBe(4);
});

test('begins nothing after a failure', async () => {
  const begun: number[] = [];
  const tasks = Array.from({ length: 5 }, (_, i) => async () => {
    begun.push(i);
    if (i === 1) throw new Error('broken');
  });
  const outcomes = await Promise.allSettled(inParallel(1, tasks));
  expect(begun).toEqual([0, 1]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'rejected',
    'rejected',
  ]);
});
