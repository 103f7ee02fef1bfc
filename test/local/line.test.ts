import { describe, expect, it } from 'vitest';
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

  it('goes on after work that failed', async () => {
    const line = new Line({ atOnce: 1, maxWaiting: 1, of: 'searches' });

    await expect(line.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await line.run(async () => 'well')).toBe('well');
  });
});
