/** No answer is larger than Lambda may give back, and nothing is lost over the pages that it takes. */

import { expect, test } from 'vitest';
import { json, testApi } from '../../factories/api.ts';
import { picture } from '../../factories/pictures.ts';

const MOST = 6_000_000;

/** Pictures whose addresses alone are long. */
const api = () => testApi({ pictureUrl: async (key) => `http://pictures.test/${key}?${'x'.repeat(30_000)}` });

test('pages of a list end where an answer would be too large', async () => {
  const library = api();
  for (let i = 0; i < 250; i++) await library.upload(`${1000 + i}.jpg`, `${i}`);
  const keys: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const text = await (await library.request(`/v1/images?limit=1000&cursor=${cursor}`)).text();
    expect(text.length).toBeLessThan(MOST);
    const page = JSON.parse(text) as { items: { key: string }[]; cursor?: string };
    keys.push(...page.items.map(({ key }) => key));
    cursor = page.cursor;
  }
  expect(keys).toEqual(Array.from({ length: 250 }, (_, i) => `${1000 + i}.jpg`));

  const vector = new Array(2_048).fill(1);
  const results = await (await library.request('/v1/search?k=250', json({ vector }))).text();
  expect(results.length).toBeLessThan(MOST);
});

test('groups of duplicates come in as many pages as they need', async () => {
  // A part of a group is of 200 pictures; with these addresses two parts make an answer full.
  const library = testApi({ pictureUrl: async (key) => `http://pictures.test/${key}?${'x'.repeat(12_000)}` });
  const [one, two] = [await picture(1), await picture(2)];
  for (let i = 0; i < 450; i++) await library.upload(`one-${i}.jpg`, one);
  for (let i = 0; i < 450; i++) await library.upload(`two-${i}.jpg`, two);
  const seen = new Set<string>();
  let pages = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
    const text = await (await library.request(`/v1/duplicates?limit=1000&cursor=${cursor}`)).text();
    expect(text.length).toBeLessThan(MOST);
    const page = JSON.parse(text) as { groups: { pictures: { key: string }[] }[]; cursor?: string };
    for (const { pictures } of page.groups) for (const { key } of pictures) seen.add(key);
    cursor = page.cursor;
  }
  expect(seen.size).toBe(900);
  expect(pages).toBeGreaterThan(1);
});
