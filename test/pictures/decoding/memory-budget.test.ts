import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryBudget } from '../../../pictures/decoding/memory-budget.ts';

/** Work that says when it began, and ends when it is told to. */
function works(budget: MemoryBudget) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, bytes: number) =>
    budget.run(bytes, () => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => {
        ends.set(name, resolve);
        ends.set(`${name} fails`, () => reject(new Error(name)));
      });
    });
  const end = async (name: string) => {
    ends.get(name)!();
    await setImmediate();
  };
  return { begun, start, end };
}

describe('MemoryBudget', () => {
  it('lets in what fits, in the order in which it came', async () => {
    const { begun, start, end } = works(new MemoryBudget(10));
    void start('a', 6);
    void start('b', 6);
    void start('c', 1);
    await setImmediate();
    expect(begun).toEqual(['a']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('lets in what is larger than all of it, alone', async () => {
    const { begun, start, end } = works(new MemoryBudget(10));
    void start('a', 1);
    void start('huge', 99);
    void start('b', 1);
    await setImmediate();
    expect(begun).toEqual(['a']);
    await end('a');
    expect(begun).toEqual(['a', 'huge']);
    await end('huge');
    expect(begun).toEqual(['a', 'huge', 'b']);
  });

  it('frees the bytes of what failed', async () => {
    const { begun, start, end } = works(new MemoryBudget(10));
    const failing = start('a', 10).catch((error: Error) => error.message);
    void start('b', 10);
    await setImmediate();
    await end('a fails');
    expect(await failing).toBe('a');
    expect(begun).toEqual(['a', 'b']);
  });
});
