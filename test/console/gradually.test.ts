/** Tests which tiles exist while those that came into view are made a few in a frame. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useGradually } from '../../console/library/gradually.ts';
import { rendered, runHook } from './hook.ts';

interface Window {
  readonly start: number;
  readonly end: number;
  readonly always?: number;
}

const range = (start: number, end: number) => Array.from({ length: end - start }, (_, n) => start + n);

describe('tiles that are made a few in a frame', () => {
  let held: (() => void)[];
  let now: number;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    now = 0;
    vi.stubGlobal('performance', { now: () => now });
    held = [];
    vi.stubGlobal('requestAnimationFrame', (run: () => void) => held.push(run));
    vi.stubGlobal('cancelAnimationFrame', () => {});
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const run = (first: Window) =>
    runHook(({ start, end, always }: Window) => useGradually(start, end, always), first);

  /** Lets the frame come that was asked for, and be painted after so many milliseconds. */
  async function frame(tookMs = 0): Promise<void> {
    for (const each of held.splice(0)) each();
    await rendered();
    now += tookMs;
    vi.runAllTimers();
  }

  it('come from the middle out, none but in frames of their own', async () => {
    const hook = await run({ start: 0, end: 24 });
    expect(hook.result).toEqual(range(8, 16));
    await hook.update({ start: 0, end: 24 });
    expect(hook.result).toEqual(range(8, 16));
    await frame();
    expect(hook.result).toEqual(range(4, 20));
    await frame();
    expect(hook.result).toEqual(range(0, 24));
    expect(held).toEqual([]);
    await hook.end();
  });

  it('stay while they are in view, and go with it', async () => {
    const hook = await run({ start: 0, end: 8 });
    await hook.update({ start: 4, end: 12 });
    expect(hook.result).toEqual(range(4, 8));
    await frame();
    expect(hook.result).toEqual(range(4, 12));
    await hook.end();
  });

  it('have among them from the first the one that must always be there: in view, before it and behind it', async () => {
    const hook = await run({ start: 0, end: 24, always: 0 });
    expect(hook.result).toEqual([0, ...range(8, 16)]);
    for (const [always, there] of [
      [0, [0]],
      [123, [123]],
      [110, [110, 123]],
      [9_999, [110, 123, 9_999]],
    ] as const) {
      await hook.update({ start: 100, end: 124, always });
      expect(hook.result).toEqual(there);
    }
    await hook.end();
  });

  it('are fewer after a frame that took long, and by and by as many again', async () => {
    const hook = await run({ start: 0, end: 200 });
    const made = [hook.result.length];
    for (const tookMs of [40, 40, 0, 0]) {
      const before = hook.result.length;
      await frame(tookMs);
      made.push(hook.result.length - before);
    }
    expect(made).toEqual([8, 8, 4, 2, 3]);
    await hook.end();
  });
});
