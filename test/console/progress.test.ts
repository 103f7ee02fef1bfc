/** Tests that the time that indexing still takes goes down evenly, whatever single pictures take. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Progress, useSteady } from '../../console/status/progress.ts';
import { runHook } from './hook.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('the time that is left', () => {
  async function watch() {
    let now = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => now);
    const at = (done: number, left: number | undefined): Progress => ({ done, total: 1_000, left });
    const hook = await runHook(useSteady, at(100, 100));
    return {
      hook,
      /** The next look at the server, some seconds on. */
      async look(seconds: number, done: number, left: number | undefined) {
        now += seconds * 1_000;
        await hook.update(at(done, left));
        return hook.result?.left;
      },
    };
  }

  it('is the first estimate, and then counts down with the clock', async () => {
    const { hook, look } = await watch();
    expect(hook.result?.left).toBe(100);
    expect(await look(3, 130, 97)).toBeCloseTo(97, 5);
    expect(await look(3, 160, 94)).toBeCloseTo(94, 5);
    await hook.end();
  });

  it('moves by less than a third of what one slow picture would make it', async () => {
    const { hook, look } = await watch();
    const after = await look(3, 101, 300);
    expect(after).toBeGreaterThan(97);
    expect(after).toBeLessThan(97 + 203 / 3);
    await hook.end();
  });

  it('is unknown while the server does not know it', async () => {
    const { hook, look } = await watch();
    expect(await look(3, 101, undefined)).toBeUndefined();
    expect(await look(3, 200, 50)).toBe(50);
    await hook.end();
  });
});
