import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Differences } from '../../local/differences.ts';
import { Keeper } from '../../local/keeper.ts';
import { FolderAway } from '../../local/presence.ts';
import { Troubles } from '../../local/troubles.ts';
import { silentLogger } from '../../vectorlog/logger.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function keeping(
  options: { missing?: () => Promise<FolderAway[]>; compare?: () => Promise<Differences> } = {},
) {
  const troubles = new Troubles(silentLogger);
  const calls = { missing: 0, compare: 0, watch: 0 };
  const keeper = new Keeper({
    presence: {
      missing: () => {
        calls.missing++;
        return options.missing?.() ?? Promise.resolve([]);
      },
    },
    watch: async () => {
      calls.watch++;
      return async () => {};
    },
    compare: async () => {
      calls.compare++;
      return options.compare?.() ?? { toIndex: 0, toForget: 0 };
    },
    passedOver: () => ({ unreadable: [], unnameable: [] }),
    troubles,
    clock: { monotonic: () => Date.now() },
  });
  keeper.start();
  return { keeper, calls, codes: () => troubles.all.map(({ code }) => code) };
}

describe('Keeper', () => {
  it('compares at the start, and every quarter of an hour', async () => {
    const { keeper, calls } = keeping();

    await pass(0);
    expect(calls.compare).toBe(1);
    await pass(60 * 60_000);
    expect(calls.compare).toBe(5);
    await keeper.stop();
  });

  it('tries a comparison again that failed, with pauses that grow, and says so meanwhile', async () => {
    let broken = true;
    const { keeper, calls, codes } = keeping({
      compare: async () => {
        if (broken) throw new Error('a rows file is missing');
        return { toIndex: 3, toForget: 0 };
      },
    });

    await pass(60_000);
    expect(codes()).toEqual(['comparison-failing']);
    expect(calls.compare).toBeGreaterThan(2);
    expect(calls.compare).toBeLessThan(8);
    broken = false;
    await pass(5 * 60_000);

    expect(codes()).toEqual([]);
    expect(await keeper.compared).toEqual({ toIndex: 3, toForget: 0 });
    await keeper.stop();
  });

  it('watches and compares anew when the folder is back', async () => {
    let away: FolderAway[] = [];
    const { keeper, calls, codes } = keeping({ missing: async () => away });
    await pass(0);

    away = [new FolderAway('', 'the folder is gone')];
    await pass(5_000);
    expect(codes()).toEqual(['folder-away']);
    away = [];
    await pass(5_000);

    expect(codes()).toEqual([]);
    expect(calls).toMatchObject({ watch: 2, compare: 2 });
    await keeper.stop();
  });

  it('takes a folder that hangs for one that is away, holds one thread in it, and stops all the same', async () => {
    const { keeper, calls, codes } = keeping({ missing: () => new Promise(() => {}) });

    await pass(10 * 60_000);
    expect(codes()).toEqual(['folder-away']);
    expect(calls).toEqual({ missing: 1, compare: 0, watch: 0 });
    let stopped = false;
    void keeper.stop().then(() => {
      stopped = true;
    });
    await pass(5_000);

    expect(stopped).toBe(true);
  });
});
