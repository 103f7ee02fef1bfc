/** No answer is larger than Lambda may give back, and nothing is lost over the pages that it takes. */

import { expect, test } from 'vitest';
import { writeNotDuplicates } from '../../../pictures/duplicates/decisions.ts';
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

test('an answer fits though Lambda hands it on as a text in JSON, where quotes and backslashes count twice', async () => {
  const library = testApi();
  const metadata = { note: '"\\'.repeat(950) };
  for (let i = 0; i < 900; i++) await library.upload(`${1000 + i}.jpg`, `${i}`, { metadata });
  const keys: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const text = await (await library.request(`/v1/images?limit=1000&cursor=${cursor}`)).text();
    expect(JSON.stringify(text).length).toBeLessThan(MOST);
    const page = JSON.parse(text) as { items: { key: string }[]; cursor?: string };
    keys.push(...page.items.map(({ key }) => key));
    cursor = page.cursor;
  }
  expect(keys).toHaveLength(900);
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

test('folders with long names come in as many pages as they need', async () => {
  const library = testApi();
  const name = (i: number) => `${1000 + i}${'\u0001'.repeat(1_000)}/`;
  for (let i = 0; i < 800; i++) await library.upload(`${name(i)}a.jpg`, `${i}`);
  const prefixes: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
    const text = await (await library.request(`/v1/folders?limit=1000&cursor=${cursor}`)).text();
    expect(text.length).toBeLessThan(MOST);
    const page = JSON.parse(text) as { folders: { prefix: string }[]; cursor?: string };
    prefixes.push(...page.folders.map(({ prefix }) => prefix));
    cursor = page.cursor;
  }
  expect(prefixes).toEqual(Array.from({ length: 800 }, (_, i) => name(i)));
  expect(pages).toBeGreaterThan(1);
});

test('a sample, a map and the names of metadata fit, whatever is in them', async () => {
  const library = api();
  const metadata = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`name-${i}`, '"'.repeat(150) + i]),
  );
  for (let i = 0; i < 250; i++) await library.upload(`${1000 + i}.jpg`, `${i}`, { metadata });
  for (const path of ['/v1/sample?limit=100', '/v1/map', '/v1/metadata']) {
    const response = await library.request(path);
    expect(response.status).toBe(200);
    expect((await response.text()).length, path).toBeLessThan(MOST);
  }
  const { items } = (await (await library.request('/v1/sample?limit=100')).json()) as { items: unknown[] };
  expect(items.length).toBe(100);
});

test('a page of the trash ends where it would be too large, and the next one goes on there', async () => {
  const trashed = Array.from({ length: 1_000 }, (_, i) => ({
    id: `${1000 + i}`,
    key: '\u0001'.repeat(1_000) + i,
    size: 1,
    deletedAt: 0,
  }));
  const library = testApi({
    trash: {
      keeps: async () => true,
      keptDays: 30,
      list: async ({ after, limit }) => {
        const from = after === undefined ? 0 : trashed.findIndex(({ id }) => id === after) + 1;
        const pictures = trashed.slice(from, from + limit);
        return { pictures, next: from + limit < trashed.length ? pictures.at(-1)!.id : undefined };
      },
      restore: () => Promise.reject(new Error('not asked for')),
      restoreKey: () => Promise.reject(new Error('not asked for')),
      empty: () => Promise.reject(new Error('not asked for')),
    },
  });
  const ids: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
    const text = await (await library.request(`/v1/trash?limit=1000&cursor=${cursor}`)).text();
    expect(text.length).toBeLessThan(MOST);
    const page = JSON.parse(text) as { items: { id: string }[]; cursor?: string };
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
  }
  expect(ids).toEqual(trashed.map(({ id }) => id));
  expect(pages).toBeGreaterThan(1);
});

test('decisions come in as many pages as they need, and one that would fill a page is refused', async () => {
  const library = testApi();
  const long = (i: number) => Array.from({ length: 250 }, (_, j) => `${i}-${j}-${'x'.repeat(1_000)}`);
  for (let i = 0; i < 30; i++) await writeNotDuplicates(library.index, long(i));
  const seen = new Set<string>();
  let pages = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
    const text = await (await library.request(`/v1/duplicates/decisions?cursor=${cursor}`)).text();
    expect(text.length).toBeLessThan(MOST);
    const page = JSON.parse(text) as { notDuplicates: string[][]; cursor?: string };
    for (const [first] of page.notDuplicates) seen.add(first!);
    cursor = page.cursor;
  }
  expect(seen.size).toBe(30);
  expect(pages).toBeGreaterThan(1);

  const tooLong = json({ keys: Array.from({ length: 1_000 }, (_, i) => `${i}${'"'.repeat(1_000)}`) });
  expect((await library.request('/v1/duplicates/not', tooLong)).status).toBe(400);
});

test('restoring many under long keys says of each whether it came back', async () => {
  const library = testApi();
  // Each takes six bytes of JSON for a byte of a key, and twice.
  const keys = Array.from({ length: 600 }, (_, i) => `${i}${'\u0001'.repeat(1_000)}`);
  const text = await (await library.request('/v1/trash/restore', json({ keys }))).text();
  expect(text.length).toBeLessThan(MOST);
  const { results } = JSON.parse(text) as { results: { restored: boolean }[] };
  expect(results).toHaveLength(600);
  expect(results.some(({ restored }) => restored)).toBe(false);
});
