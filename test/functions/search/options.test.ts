/** What narrows and orders the results of a search: ranges of attributes, copies folded, centred scores. */

import { describe, expect, test } from 'vitest';
import { allOf, metadataCondition, rangeCondition } from '../../../pictures/attributes.ts';
import { writeNotDuplicates } from '../../../pictures/duplicates/decisions.ts';
import { json, testApi } from '../../factories/api.ts';
import { seededVector } from '../../factories/fake-embedder.ts';

interface Answer {
  readonly results: { key: string; score: number; copies?: number }[];
  readonly searched: number;
}
type Api = ReturnType<typeof testApi>;

const get = async (api: Api, path: string) => (await (await api.request(path)).json()) as Answer;
const vectorOf = (name: string) => Array.from(seededVector(new TextEncoder().encode(name)));
const post = async (api: Api, query: string, body: unknown) =>
  (await (await api.request(`/v1/search${query}`, json(body))).json()) as Answer;

describe('ranges', () => {
  test('let through what lies between their ends, in the files and in the log', async () => {
    const api = testApi();
    for (const length of [1, 2, 3]) await api.upload(`${length}.jpg`, 'x'.repeat(length));
    await api.compact();
    await api.upload('4.jpg', 'xxxx');
    const keys = async (query: string) =>
      (await post(api, `?k=9&${query}`, { vector: vectorOf('any') })).results.map(({ key }) => key).sort();

    expect(await keys('range=size:2..3')).toEqual(['2.jpg', '3.jpg']);
    expect(await keys('range=size:3..')).toEqual(['3.jpg', '4.jpg']);
    expect(await keys('range=size:..1')).toEqual(['1.jpg']);
    const year = new Date().getUTCFullYear();
    expect(await keys(`range=size:2..&range=lastModified:${year}..${year + 1}`)).toHaveLength(3);
    expect(await keys(`range=lastModified:..${year - 1}`)).toEqual([]);
    // What a picture does not say lies in no range.
    expect(await keys('range=width:1..')).toEqual([]);
  });

  test.each([
    'size',
    'size:..',
    'size:1',
    'size:1..2..3',
    'size:a..b',
    'size:-1..',
    'weight:1..2',
    'taken:yesterday..',
    'taken:2024-1..',
  ])('%s is none', async (range) => {
    const response = await testApi().request(`/v1/images/one.jpg/similar?range=${range}`);
    expect(response.status).toBe(400);
  });

  test('of dates take in all that begins with their end', () => {
    const july = rangeCondition([{ name: 'taken', min: '2024-07', max: '2024-07' }])!;
    expect(july.holds({ taken: '2024-07-31T23:59:59' })).toBe(true);
    expect(july.holds({ taken: '2024-08-01T00:00:00' })).toBe(false);
    expect(july.holds({ taken: '2024-06-30T23:59:59' })).toBe(false);
    expect(july.holds({})).toBe(false);
  });

  test('go together with metadata, whose bytes spare parsing the other lines', () => {
    const album = metadataCondition([{ name: 'album', values: ['a'] }]);
    const both = allOf([album, rangeCondition([{ name: 'size', min: 5 }])])!;
    expect(both.needle).toBe(album!.needle);
    expect(both.holds({ size: 5, metadata: { album: 'a' } })).toBe(true);
    expect(both.holds({ size: 4, metadata: { album: 'a' } })).toBe(false);
    expect(both.holds({ size: 5, metadata: { album: 'b' } })).toBe(false);
  });
});

describe('distinct', () => {
  test('folds copies under the best of them, and looks on until there are enough results', async () => {
    const api = testApi();
    for (let i = 0; i < 150; i++) await api.upload(`copies/${100 + i}.jpg`, 'the same');
    await api.upload('other.jpg', 'another');

    const { results } = await post(api, '?k=2&distinct=true', { vector: vectorOf('the same') });
    expect(results.map(({ key, copies }) => [key, copies])).toEqual([
      ['copies/100.jpg', 149],
      ['other.jpg', 0],
    ]);
  });

  test('keeps apart what somebody said are not duplicates', async () => {
    const api = testApi();
    for (const key of ['a.jpg', 'b.jpg', 'c.jpg']) await api.upload(key, 'the same');
    await writeNotDuplicates(api.index, ['a.jpg', 'b.jpg']);
    const { results } = await post(api, '?k=9&distinct=true', { vector: vectorOf('the same') });
    expect(results.map(({ key, copies }) => [key, copies])).toEqual([
      ['a.jpg', 1],
      ['b.jpg', 0],
    ]);
  });
});

describe('centered', () => {
  test('answers with other scores, by picture, by key and by several with weights', async () => {
    const api = testApi();
    for (let i = 0; i < 20; i++) await api.upload(`${i}.jpg`, `picture ${i}`);
    await api.compact();
    const plain = await get(api, '/v1/images/3.jpg/similar?k=5');
    const centred = await get(api, '/v1/images/3.jpg/similar?k=5&centered=true&histogram=true');
    expect(centred.results).toHaveLength(5);
    expect(centred.searched).toBe(plain.searched);
    expect(centred.results.map(({ score }) => score)).not.toEqual(plain.results.map(({ score }) => score));

    const vector = vectorOf('picture 7');
    const { results } = await post(api, '?k=1&centered=true', { vector });
    expect(results[0]!.key).toBe('7.jpg');
    expect(results[0]!.score).toBeCloseTo(1, 5);

    const queries = [{ vector }, { vector: vectorOf('picture 9') }, { key: '11.jpg', weight: -0.5 }];
    const several = await post(api, '?k=2&centered=true', { queries });
    expect(several.results.map(({ key }) => key).sort()).toEqual(['7.jpg', '9.jpg']);
  });

  test('is refused in words where a second copy has no room', async () => {
    const api = testApi({ memoryBudgetBytes: 500_000 });
    await api.upload('one.jpg', 'one');
    const response = await api.request('/v1/images/one.jpg/similar?centered=true');
    expect(response.status).toBe(507);
    expect((await response.json()) as object).toMatchObject({
      detail: expect.stringContaining('Search without `centered`'),
    });
  });
});

test('one search goes by up to sixteen pictures', async () => {
  const api = testApi();
  await api.upload('one.jpg', 'one');
  const queries = (n: number) => ({
    queries: Array.from({ length: n }, () => ({ vector: vectorOf('one'), weight: 1 / n })),
  });
  const { results } = await post(api, '', queries(16));
  expect(results[0]).toMatchObject({ key: 'one.jpg' });
  expect((await api.request('/v1/search', json(queries(17)))).status).toBe(400);
});
