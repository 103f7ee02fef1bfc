/** Requests made to end or to block the process: each gets an answer, and its work grows no faster than its body. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEARCH_LIMITS } from '../../../functions/search/limits.ts';
import { json, testApi } from '../../factories/api.ts';

const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));

/** Lets Node report promises that were left alone. */
const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

const LONE = '\ud800.png';
const upload = { contentType: 'image/png', size: 1 };

describe('a key that is not well-formed Unicode', () => {
  test.each([
    ['of a search', '/v1/search', { key: LONE }],
    ['of a search for a part', '/v1/search?crop=0,0,1,1', { key: LONE }],
    ['of an upload', '/v1/uploads', { key: LONE, ...upload }],
  ])('%s is 400, and no promise is left alone', async (_, path, body) => {
    expect((await testApi().request(path, json(body))).status).toBe(400);
    await settled();
    expect(rejections).toEqual([]);
  });
});

test('a key of more than 1,024 bytes is 400', async () => {
  const key = 'é'.repeat(513);
  const asked = [
    testApi().request('/v1/search', json({ key })),
    testApi().request('/v1/uploads', json({ key, ...upload })),
    testApi().request(`/v1/images/${encodeURIComponent(key)}`),
  ];
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([400, 400, 400]);
});

describe('an answer about a bad request is short', () => {
  test.each([
    ['a vector of texts', { vector: new Array(2_048).fill('x') }],
    ['a vector of a million objects', { vector: new Array(1_000_000).fill({}) }],
    ['a vector of a million numbers', { vector: new Array(1_000_000).fill(1) }],
    ['names without end', Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field-${i}`, 1]))],
    ['values of no kind', { key: 'a', filter: { album: new Array(1_000).fill({}) } }],
  ])('of %s', async (_, body) => {
    const response = await testApi().request('/v1/search', json(body));
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text.length).toBeLessThan(10_000);
    expect((JSON.parse(text) as { errors?: unknown[] }).errors?.length ?? 0).toBeLessThanOrEqual(20);
  });

  test.each([
    ['wrong', 'Name', '\n'],
    ['right', 'name', ''],
  ])('of metadata of hundreds of thousands of names that are %s', async (_, name, value) => {
    const metadata = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`${name}${i}`, value]));
    const response = await testApi().request('/v1/uploads', json({ key: 'a', ...upload, metadata }));
    expect(response.status).toBe(400);
    expect((await response.text()).length).toBeLessThan(1_000);
  });

  test('of twenty and more wrong metadata', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`Name ${i}`, '\n']));
    const response = await testApi().request('/v1/uploads', json({ key: 'a', ...upload, metadata }));
    expect(((await response.json()) as { errors: unknown[] }).errors).toHaveLength(SEARCH_LIMITS.maxErrors);
  });
});

test('a name in many cases counts as one', async () => {
  const cases = ['abc', 'Abc', 'aBc', 'abC'];
  const filter = Object.fromEntries(cases.map((name) => [name, new Array(400).fill('')]));
  expect((await testApi().request('/v1/search', json({ key: 'a', filter }))).status).toBe(400);
});

test('brackets without end are refused before a parser counts them; brackets in a text are none', async () => {
  const deep = await testApi().request('/v1/search', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '['.repeat(1_000),
  });
  expect(((await deep.json()) as { detail: string }).detail).toContain('levels deep');
  const { status } = await testApi().request('/v1/search', json({ key: `"${'['.repeat(100)}\\` }));
  expect(status).toBe(404);
});

test.each([
  ['empty objects', '{},', 'lists and objects'],
  ['empty lists', '[],', 'lists and objects'],
  ['numbers', '1,', 'elements'],
  ['texts', '"a",', 'elements'],
  ['names', '{"a":1},', 'lists and objects'],
])('400,000 %s are refused before a parser makes them', async (_what, each, says) => {
  const body = `{"vector":[${each.repeat(400_000).slice(0, -1)}]}`;
  const headers = { 'content-type': 'application/json' };
  const answer = await testApi().request('/v1/search', { method: 'POST', headers, body });
  expect(answer.status).toBe(400);
  expect(((await answer.json()) as { detail: string }).detail).toContain(says);
});

/** Texts of a kind, about as long as asked for. */
const BODIES: Readonly<Record<string, (bytes: number) => string>> = {
  'filters in different cases': (bytes) => {
    const names = Array.from({ length: 100 }, (_, i) =>
      Array.from('abcdefg', (char, bit) => ((i >> bit) & 1 ? char.toUpperCase() : char)).join(''),
    );
    const values = new Array(Math.min(1_000, Math.floor(bytes / 300))).fill('');
    return JSON.stringify({ key: 'a', filter: Object.fromEntries(names.map((name) => [name, values])) });
  },
  'filters of many names': (bytes) =>
    JSON.stringify({
      key: 'a',
      filter: Object.fromEntries(Array.from({ length: bytes / 12 }, (_, i) => [`n${i}`, ''])),
    }),
  numbers: (bytes) => JSON.stringify({ vector: new Array(Math.floor(bytes / 2)).fill(1) }),
  objects: (bytes) => JSON.stringify({ vector: new Array(Math.floor(bytes / 3)).fill({}) }),
  'unknown names': (bytes) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: bytes / 12 }, (_, i) => [`n${i}`, 1]))),
  'base64 that is none': (bytes) => JSON.stringify({ image: `${'A'.repeat(bytes)}%` }),
  'a long key': (bytes) => JSON.stringify({ key: 'a'.repeat(bytes) }),
  'open brackets': (bytes) => '['.repeat(bytes),
};

/** Processor time of one request, the least of three; nothing else runs in this process meanwhile. */
async function work(body: string): Promise<number> {
  const { app } = testApi();
  const headers = { 'content-type': 'application/json' };
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const before = process.cpuUsage();
    await (await app.request('/v1/search', { method: 'POST', headers, body })).text();
    const { user } = process.cpuUsage(before);
    least = Math.min(least, user);
  }
  return least;
}

describe('work grows no faster than the body', () => {
  const MOST = 4_400_000;
  const TIMES = 32;

  test.each(Object.entries(BODIES))('of %s', async (_, bodyOf) => {
    await work(bodyOf(MOST / TIMES));
    // Below this, a clock tick or the collector decides; ten times the growth would still be far above.
    const small = Math.max(5_000, await work(bodyOf(MOST / TIMES)));
    const large = await work(bodyOf(MOST));
    // In proportion it is 32 times, as the square it is 1,024 times.
    expect(large / small).toBeLessThan(TIMES * 4);
  });

  test.each([
    ['digits', '1'],
    ['points', '.'],
    ['commas', ','],
  ])('of a crop of %s', async (_, char) => {
    const { app } = testApi();
    const response = await app.request(`/v1/search?crop=${char.repeat(15_000)}`, json({ key: 'a' }));
    expect(response.status).toBe(400);
  });
});
