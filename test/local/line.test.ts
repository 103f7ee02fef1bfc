import { afterEach, describe, expect, it, vi } from 'vitest';
import { Line, NobodyWaits, Overloaded } from '../../local/line.ts';

/** Work that ends when the test says so. */
function held() {
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.push(() => resolve(name)));
  };
  return { work, begun, endNext: () => ends.shift()?.() };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('Line', () => {
  it('does so much at once, the next in turn, and turns away who finds it full', async () => {
    const line = new Line({ atOnce: 2, maxWaiting: 1, of: 'searches' });
    const { work, begun, endNext } = held();

    const all = ['a', 'b', 'c'].map((name) => line.run(work(name)));
    await expect(line.run(work('d'))).rejects.toThrow(Overloaded);
    expect(begun).toEqual(['a', 'b']);
    endNext();
    await all[0];
    await new Promise(setImmediate);
    expect(begun).toEqual(['a', 'b', 'c']);
    endNext();
    endNext();

    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  });

  it('does not begin the work of those who left', async () => {
    const line = new Line({ atOnce: 1, maxWaiting: 5, of: 'searches' });
    const { work, begun, endNext } = held();
    const leaving = new AbortController();

    const first = line.run(work('first'));
    const left = line.run(work('left'), leaving.signal);
    const stays = line.run(work('stays'));
    leaving.abort();
    endNext();
    await first;

    await expect(left).rejects.toThrow(NobodyWaits);
    await new Promise(setImmediate);
    endNext();
    await stays;
    expect(begun).toEqual(['first', 'stays']);
  });

  it('turns away who would wait longer than the bound by what works took, and says for how long', async () => {
    vi.useFakeTimers();
    const line = new Line({ atOnce: 2, maxWaiting: 100, maxWaitMs: 2_000, of: 'searches' });
    const { work, endNext } = held();
    // Works of a second, until the line knows that they are.
    for (let i = 0; i < 40; i++) {
      const done = line.run(work('before'));
      await vi.advanceTimersByTimeAsync(1_000);
      endNext();
      await done;
    }

    const taken = Array.from({ length: 6 }, () => line.run(work('taken')));
    const late = await line.run(work('late')).catch((error: unknown) => error);

    expect(late).toBeInstanceOf(Overloaded);
    expect((late as Overloaded).retryAfterMs).toBeCloseTo(2_500, -2);
    for (let i = 0; i < 6; i++) {
      endNext();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(await Promise.all(taken)).toHaveLength(6);
  });

  it('lets nobody wait longer than the bound, whatever was expected, and begins nothing for who was turned away', async () => {
    vi.useFakeTimers();
    const line = new Line({ atOnce: 1, maxWaiting: 1, maxWaitMs: 2_000, of: 'searches' });
    const { work, begun, endNext } = held();

    const stuck = line.run(work('stuck'));
    const waits = expect(line.run(work('waits'))).rejects.toThrow(Overloaded);
    await vi.advanceTimersByTimeAsync(2_000);
    await waits;
    // Its place is free again.
    const next = line.run(work('next'));
    endNext();
    await stuck;
    await vi.advanceTimersByTimeAsync(0);
    endNext();

    expect(await next).toBe('next');
    expect(begun).toEqual(['stuck', 'next']);
  });

  it('goes on after work that failed', async () => {
    const line = new Line({ atOnce: 1, maxWaiting: 1, of: 'searches' });

    await expect(line.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await line.run(async () => 'well')).toBe('well');
  });
});
