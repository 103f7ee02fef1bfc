/** Compactions every so often and on demand, one after the other. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CompactionTimer } from '../../local/compaction-timer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A timer whose compactions end when they are told to. */
function held() {
  const running: { resolve(report: number): void; reject(error: Error): void }[] = [];
  const errors: string[] = [];
  const timer = new CompactionTimer<number>({
    compact: () => new Promise((resolve, reject) => running.push({ resolve, reject })),
    everyMs: 1_000,
    logger: { info: () => {}, warn: () => {}, error: (message) => void errors.push(message) },
  });
  return { timer, running, errors };
}

test('compacts every so often, and no more once it is stopped', async () => {
  const { timer, running } = held();
  timer.start();
  timer.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(running).toHaveLength(1);
  running[0]!.resolve(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(running).toHaveLength(2);
  running[1]!.resolve(2);
  await timer.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(running).toHaveLength(2);
});

test('never twice at once: one on demand waits for the one before, and gives its own report', async () => {
  const { timer, running } = held();
  const [first, second] = [timer.run(), timer.run()];
  await vi.advanceTimersByTimeAsync(0);
  expect(running).toHaveLength(1);
  running[0]!.resolve(1);
  expect(await first).toBe(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(running).toHaveLength(2);
  running[1]!.resolve(2);
  expect(await second).toBe(2);
});

test('goes on after a compaction that failed, which is told to whoever asked, else to the log', async () => {
  const { timer, running, errors } = held();
  const asked = timer.run();
  await vi.advanceTimersByTimeAsync(0);
  running[0]!.reject(new Error('no space'));
  await expect(asked).rejects.toThrow('no space');
  expect(errors).toEqual([]);

  timer.start();
  await vi.advanceTimersByTimeAsync(1_000);
  running[1]!.reject(new Error('no space'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(errors).toEqual(['a compaction failed']);
  expect(running).toHaveLength(3);
});

test('stopping waits for the compaction that is at work', async () => {
  const { timer, running } = held();
  void timer.run();
  await vi.advanceTimersByTimeAsync(0);
  let isStopped = false;
  const stopping = timer.stop().then(() => {
    isStopped = true;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(isStopped).toBe(false);
  running[0]!.resolve(1);
  await stopping;
  expect(isStopped).toBe(true);
});
