/** Work side by side: in order, within the limit, and no further after a failure. */

import { expect, test } from 'vitest';
import { InFlight, inParallel, mapInParallel } from '../../vectorlog/parallel.ts';

test('runs no more tasks at once than it may, and returns their results in order', async () => {
  let running = 0;
  let most = 0;
  const tasks = Array.from({ length: 20 }, (_, i) => async () => {
    most = Math.max(most, ++running);
    for (let turn = (i * 7) % 3; turn >= 0; turn--) await new Promise((resolve) => setImmediate(resolve));
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

/** A promise that is settled from outside. */
function held() {
  let resolve = () => {};
  let reject = (_: Error) => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

test('tells of a failure when nothing is at work any more, and of the first one', async () => {
  const slow = held();
  let isOver = false;
  const mapped = mapInParallel(2, [0, 1, 2], async (item) => {
    if (item === 1) throw new Error('the first');
    await slow.promise;
    isOver = true;
    throw new Error('the second');
  });
  const heard = mapped.catch((error: Error) => ({ message: error.message, isOver }));
  slow.resolve();
  expect(await heard).toEqual({ message: 'the first', isOver: true });
});

test('a producer waits while as many works as allowed are under way', async () => {
  const inFlight = new InFlight(2);
  const works = [held(), held(), held()];
  await inFlight.begin(() => works[0]!.promise);
  let isRoom = false;
  const second = inFlight
    .begin(() => works[1]!.promise)
    .then(() => {
      isRoom = true;
    });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isRoom).toBe(false);
  works[1]!.resolve();
  await second;
  works[0]!.reject(new Error('broken'));
  await inFlight.settled();
  await expect(inFlight.begin(() => works[2]!.promise)).rejects.toThrow('broken');
  works[2]!.resolve();
  await expect(inFlight.done()).rejects.toThrow('broken');
});
