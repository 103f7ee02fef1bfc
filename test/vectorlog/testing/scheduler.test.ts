import { expect, test } from 'vitest';
import { Scheduler } from '../../../vectorlog/testing/scheduler.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a computation that lets others have turns is waited for, though nobody sleeps', async () => {
  const scheduler = new Scheduler();
  let isDone = false;
  const work = async () => {
    await scheduler.sleep(1_000);
    for (let i = 0; i < 20; i++) await turn();
    isDone = true;
  };

  void work();
  await scheduler.run(() => isDone);

  expect(isDone).toBe(true);
});

test('what waits for ever is not waited for', async () => {
  const scheduler = new Scheduler();

  await scheduler.run(() => false);

  expect(scheduler.now).toBe(new Scheduler().now);
});
