/** The hook that asks the server: what a view sees while it waits, when it fails, and when somebody comes back. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useRequest } from '../../console/api/use-request.ts';
import { rendered, runHook } from './hook.ts';

interface Asked {
  readonly signal: AbortSignal;
  answer(value: string): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A view that asks `question`, and every request that it makes. */
async function view(question: string | undefined) {
  const asked: Asked[] = [];
  const load = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const settled = (settle: () => void) => {
        settle();
        return vi.advanceTimersByTimeAsync(0).then(() => {});
      };
      asked.push({
        signal,
        answer: (value) => settled(() => resolve(value)),
        fail: (error) => settled(() => reject(error)),
      });
    });
  return { asked, hook: await runHook((name: string | undefined) => useRequest(name, load), question) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('loads, says when it takes long, and gives the answer', async () => {
  const { asked, hook } = await view('loads');
  expect(hook.result).toMatchObject({ value: undefined, loading: true, slow: false });
  await vi.advanceTimersByTimeAsync(2_500);
  expect(hook.result.slow).toBe(true);
  await asked[0]!.answer('one');
  expect(hook.result).toMatchObject({ value: 'one', loading: false, slow: false, trouble: undefined });
  await hook.end();
});

test('asks again after a passing fault, after longer and longer pauses, and keeps the answer that it had', async () => {
  const { asked, hook } = await view('again');
  await asked[0]!.answer('before');
  hook.result.retry();
  await rendered();
  await asked[1]!.fail(new TypeError('fetch failed'));
  expect(hook.result).toMatchObject({ value: 'before', loading: false, trouble: { passing: true } });
  for (const [n, pause] of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
    await vi.advanceTimersByTimeAsync(pause - 1);
    expect(asked).toHaveLength(n + 2);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(n + 3);
    await asked.at(-1)!.fail(new TypeError('fetch failed'));
  }
  await vi.advanceTimersByTimeAsync(30_000);
  await asked.at(-1)!.answer('after');
  expect(hook.result).toMatchObject({ value: 'after', trouble: undefined });
  await hook.end();
});

test('does not ask again by itself where asking again cannot help', async () => {
  const { asked, hook } = await view('no use');
  await asked[0]!.fail(new Error('broken'));
  await vi.advanceTimersByTimeAsync(120_000);
  expect(asked).toHaveLength(1);
  hook.result.retry();
  await rendered();
  expect(asked).toHaveLength(2);
  await hook.end();
});

test('another question breaks the first one off, and what was known of it is shown at once when it comes back', async () => {
  const { asked, hook } = await view('first');
  await asked[0]!.answer('one');
  await hook.update('second');
  expect(hook.result).toMatchObject({ value: undefined, loading: true });
  await hook.update('first');
  expect(asked[1]!.signal.aborted).toBe(true);
  expect(hook.result).toMatchObject({ value: 'one', loading: true });
  await asked[1]!.answer('too late');
  expect(hook.result.value).toBe('one');
  await hook.end();
});

test('a view that goes leaves no request and no timer behind', async () => {
  const { asked, hook } = await view('gone');
  await hook.end();
  expect(asked[0]!.signal.aborted).toBe(true);
  await asked[0]!.fail(new TypeError('aborted'));
  expect(vi.getTimerCount()).toBe(0);
});

test('asks nothing where there is no question', async () => {
  const { asked, hook } = await view(undefined);
  expect(asked).toEqual([]);
  expect(hook.result).toMatchObject({ value: undefined, loading: false });
  await hook.end();
});
