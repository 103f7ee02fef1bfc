/** Near-duplicates through the API, page by page. */

import { describe, expect, test } from 'vitest';
import { type testApi as Api, testApi } from '../../factories/api.ts';

interface Page {
  readonly groups: readonly {
    readonly minScore: number;
    readonly pictures: readonly { key: string; size: number }[];
  }[];
  readonly compared: number;
  readonly total: number;
  readonly cursor?: string;
}

async function ask(api: ReturnType<typeof Api>, query = ''): Promise<Page> {
  return (await (await api.request(`/v1/duplicates?${query}`)).json()) as Page;
}

/** 90 pictures, of which every third has a copy, in the index and in the log. */
async function library() {
  const api = testApi();
  const put = (i: number) =>
    api.upload(`${i % 2 ? 'odd' : 'even'}/${i}`, i % 3 === 2 ? `pair ${i - 1}` : `pair ${i}`);
  for (let i = 0; i < 60; i++) await put(i);
  await api.compact();
  for (let i = 60; i < 90; i++) await put(i);
  return api;
}

const pairs = (page: Page) => page.groups.map(({ pictures }) => pictures.map(({ key }) => key).sort());

describe('GET /v1/duplicates', () => {
  test('finds every group once, over all pages', async () => {
    const api = await library();
    const found: string[][] = [];
    let compared = 0;
    let cursor = '';
    let pages = 0;
    do {
      const page = await ask(api, `limit=1&cursor=${cursor}`);
      found.push(...pairs(page));
      compared += page.compared;
      cursor = page.cursor ?? '';
      pages++;
      expect(page.total).toBe(90);
    } while (cursor);

    expect(pages).toBeGreaterThan(1);
    expect(compared).toBe(90);
    expect(found).toHaveLength(30);
    expect(new Set(found.flat())).toHaveLength(60);
    for (const [a, b] of found) expect(Math.abs(Number(a!.split('/')[1]) - Number(b!.split('/')[1]))).toBe(1);
  });

  test('looks only under a prefix', async () => {
    const api = await library();
    await api.upload('odd/copy', 'pair 1');
    const page = await ask(api, 'prefix=odd/');
    expect(pairs(page)).toEqual([['odd/1', 'odd/copy']]);
    expect(page.total).toBe(46);
  });

  test('shows the largest file of a group first', async () => {
    const api = testApi();
    await api.upload('small', 'same');
    await api.upload('other', 'different');
    await api.upload('large', 'same');
    const { groups } = await ask(api);
    expect(groups).toHaveLength(1);
    expect(groups[0]!.minScore).toBeCloseTo(1, 5);
    const sizes = groups[0]!.pictures.map(({ size }) => size);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });

  test('finds the rest when the log is folded between two pages', async () => {
    const api = await library();
    const first = await ask(api, 'limit=1');
    await api.compact();
    const found = new Set(pairs(first).flat());
    for (let { cursor } = first; cursor; ) {
      const page = await ask(api, `limit=1&cursor=${cursor}`);
      for (const key of pairs(page).flat()) found.add(key);
      cursor = page.cursor;
    }
    expect(found).toHaveLength(60);
  });

  test('says so when the index was written anew between two pages', async () => {
    const api = await library();
    const { cursor } = await ask(api, 'limit=1');
    for (let i = 0; i < 60; i++) await api.forget(`${i % 2 ? 'odd' : 'even'}/${i}`);
    await api.compact();
    const response = await api.request(`/v1/duplicates?cursor=${cursor}`);
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ type: 'urn:likeness:problem:cursor-expired' });
  });
});
