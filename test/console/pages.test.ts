/** Tests that lists are loaded page by page, as far as someone looks, and read again without a gap. */

import { describe, expect, it, vi } from 'vitest';
import { ProblemError } from '../../client/problem-error.ts';
import { type LoadPage, Pages } from '../../console/api/pages.ts';

/** A list of numbers that can change between two pages. */
function numbers(total: number) {
  const state = {
    numbers: Array.from({ length: total }, (_, n) => n),
    pages: 0,
    fail: undefined as Error | undefined,
  };
  const load: LoadPage<number> = async (cursor, limit) => {
    state.pages += 1;
    if (state.fail) throw state.fail;
    const start = Number(cursor ?? 0);
    const end = start + limit;
    const more = end < state.numbers.length && { cursor: String(end) };
    return { items: state.numbers.slice(start, end), total: state.numbers.length, ...more };
  };
  return { state, load };
}

const settled = async (pages: Pages<number>) => {
  while (pages.busy) await new Promise((resolve) => setImmediate(resolve));
};

describe('pages', () => {
  it('loads no further than someone looks', async () => {
    const { state, load } = numbers(5_000);
    const pages = new Pages(load);
    pages.want(10);
    await settled(pages);
    expect([pages.items.length, pages.total, state.pages]).toEqual([200, 5_000, 1]);
    pages.want(900);
    await settled(pages);
    expect([pages.items.length, state.pages]).toEqual([1_200, 2]);
  });

  it('tells nobody of a change when all that is looked at is there', async () => {
    const { load } = numbers(5_000);
    const pages = new Pages(load);
    pages.want(900);
    await settled(pages);
    const before = pages.revision;
    for (let end = 100; end < 900; end += 100) pages.want(end);
    await settled(pages);
    expect(pages.revision).toBe(before);
  });

  it('loads all there is when asked to', async () => {
    const { load } = numbers(2_500);
    const pages = new Pages(load);
    expect(await pages.all()).toHaveLength(2_500);
    expect(pages.complete).toBe(true);
  });

  it('shows what it had until a new pass has come as far', async () => {
    const { state, load } = numbers(300);
    const pages = new Pages(load);
    await pages.all();
    state.numbers = state.numbers.slice(1);
    const seen: number[] = [];
    pages.subscribe(() => seen.push(pages.items.length));
    pages.refresh();
    await settled(pages);
    expect(pages.items[0]).toBe(1);
    expect(new Set(seen)).toEqual(new Set([300, 299]));
  });

  it('ends a pass before it begins another, however often the library changes', async () => {
    const { state, load } = numbers(2_500);
    const pages = new Pages(load);
    await pages.all();
    state.pages = 0;
    for (let n = 0; n < 20; n++) pages.refresh();
    await settled(pages);
    expect(state.pages).toBe(8);
  });

  it('begins anew where the cursor is of another time, and shows what it had until then', async () => {
    const { state, load } = numbers(500);
    const pages = new Pages(load);
    pages.want(10);
    await settled(pages);
    const expired = {
      type: 'urn:likeness:problem:cursor-expired',
      title: 'It is old',
      status: 410,
      detail: '',
    };
    state.fail = new ProblemError(expired);
    pages.subscribe(() => {
      if (pages.trouble) state.fail = undefined;
    });
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const all = pages.all();
    expect(pages.items).toHaveLength(200);
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    expect(await all).toEqual(state.numbers);
    expect(pages.trouble).toBeUndefined();
  });

  it('says what went wrong, and goes on when asked again', async () => {
    const { state, load } = numbers(10);
    state.fail = new Error('broken');
    const pages = new Pages(load);
    pages.want(1);
    await settled(pages);
    expect(pages.trouble?.title).toBe('Something went wrong');
    state.fail = undefined;
    pages.refresh();
    await settled(pages);
    expect([pages.trouble, pages.items.length]).toEqual([undefined, 10]);
  });
});
