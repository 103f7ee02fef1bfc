/** The figures are asked for seldom while nothing happens: on AWS an open page would cost some dollars a month otherwise. */

import { afterEach, expect, test, vi } from 'vitest';
import type { Stats } from '../../client/index.ts';
import { usePause } from '../../console/api/use-stats.tsx';
import { runHook } from './hook.ts';

afterEach(() => vi.unstubAllGlobals());

const stats = (pictures: number, waiting = 0) => ({ pictures, queue: { waiting } }) as Stats;

test('a page that is looked at asks less and less often while the answers are the same, and often once they change', async () => {
  const calm = { lively: false, watched: true };
  const hook = await runHook(usePause, { ...calm, value: undefined as Stats | undefined });
  const pauses = [hook.result];
  for (let i = 0; i < 6; i++) {
    await hook.update({ ...calm, value: stats(1) });
    pauses.push(hook.result);
  }
  expect(pauses).toEqual([3_000, 3_000, 6_000, 12_000, 24_000, 48_000, 60_000]);
  await hook.update({ ...calm, value: stats(2) });
  expect(hook.result).toBe(3_000);
  await hook.end();
});

test('nobody looks: once a minute; something waits: every three seconds', async () => {
  const hook = await runHook(usePause, { lively: false, watched: false, value: stats(1) });
  expect(hook.result).toBe(60_000);
  await hook.update({ lively: false, watched: false, value: stats(1, 5) });
  expect(hook.result).toBe(3_000);
  await hook.end();
});
