/** Looking through the library by the API: folders, orders, names, metadata, a sample, a map. */

import { describe, expect, test } from 'vitest';
import { json, testApi } from '../../factories/api.ts';
import { fakeEmbedder, seededVector } from '../../factories/fake-embedder.ts';

type Api = ReturnType<typeof testApi>;

/** Half of it in the index, half in the log. */
async function library() {
  const api = testApi();
  const pictures = {
    'holiday/2024/IMG_10.jpg': { text: 'aa', metadata: { album: 'sea' } },
    'holiday/2024/IMG_9.jpg': { text: 'bbbb', metadata: { album: 'sea', rating: '5' } },
    'holiday/2025/beach.jpg': { text: 'c', metadata: { album: 'mountain' } },
    'holidays.jpg': { text: 'dddddd', metadata: {} },
    'work/plan/Beach house.jpg': { text: 'eee', metadata: {} },
  };
  for (const [at, [key, { text, metadata }]] of Object.entries(pictures).entries()) {
    await api.upload(key, text, { metadata });
    if (at === 2) await api.compact();
  }
  return api;
}

const get = async <T = Record<string, unknown>>(api: Api, path: string) =>
  (await (await api.request(path)).json()) as T;

/** All keys of a list, page after page. */
async function keysOf(api: Api, query: string, limit = 2): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '';
  do {
    const page = await get<{ items: { key: string }[]; cursor?: string }>(
      api,
      `/v1/images?${query}&limit=${limit}&cursor=${cursor}`,
    );
    keys.push(...page.items.map(({ key }) => key));
    cursor = page.cursor ?? '';
  } while (cursor);
  return keys;
}

describe('GET /v1/folders', () => {
  test('the folders right below, with all that is in them', async () => {
    const api = await library();
    expect(await get(api, '/v1/folders')).toEqual({
      folders: [
        { prefix: 'holiday/', pictures: 3 },
        { prefix: 'work/', pictures: 1 },
      ],
      pictures: 5,
    });
    expect(await get(api, '/v1/folders?prefix=holiday/')).toEqual({
      folders: [
        { prefix: 'holiday/2024/', pictures: 2 },
        { prefix: 'holiday/2025/', pictures: 1 },
      ],
      pictures: 3,
    });
  });

  test('folders at any depth whose path contains a text', async () => {
    const { folders } = await get<{ folders: { prefix: string }[] }>(
      await library(),
      '/v1/folders?find=PLAN',
    );
    expect(folders).toEqual([{ prefix: 'work/plan/', pictures: 1 }]);
  });

  test('page by page', async () => {
    const api = await library();
    const first = await get<{ cursor: string }>(api, '/v1/folders?limit=1');
    expect(await get(api, `/v1/folders?limit=1&cursor=${first.cursor}`)).toEqual({
      folders: [{ prefix: 'work/', pictures: 1 }],
      pictures: 5,
    });
  });
});

describe('GET /v1/images', () => {
  test('finds a part of a name or of a folder anywhere', async () => {
    const api = await library();
    expect(await keysOf(api, 'find=BEACH')).toEqual(['holiday/2025/beach.jpg', 'work/plan/Beach house.jpg']);
    expect(await keysOf(api, 'find=2024')).toEqual(['holiday/2024/IMG_10.jpg', 'holiday/2024/IMG_9.jpg']);
  });

  test.each([
    [
      'largest',
      [
        'holidays.jpg',
        'holiday/2024/IMG_9.jpg',
        'work/plan/Beach house.jpg',
        'holiday/2024/IMG_10.jpg',
        'holiday/2025/beach.jpg',
      ],
    ],
    [
      'name',
      [
        'work/plan/Beach house.jpg',
        'holiday/2025/beach.jpg',
        'holidays.jpg',
        'holiday/2024/IMG_9.jpg',
        'holiday/2024/IMG_10.jpg',
      ],
    ],
  ])('by %s, page by page', async (order, keys) => {
    expect(await keysOf(await library(), `order=${order}`)).toEqual(keys);
  });

  test('newest first is oldest first the other way round, whatever the page', async () => {
    const api = await library();
    const newest = await keysOf(api, 'order=newest', 3);
    expect(newest).toHaveLength(5);
    const times = await Promise.all(
      newest.map(async (key) => (await get<{ lastModified: string }>(api, `/v1/images/${key}`)).lastModified),
    );
    expect(times).toEqual(times.toSorted().toReversed());
    const oldest = await keysOf(api, 'order=oldest', 1);
    expect(new Set(oldest)).toEqual(new Set(newest));
  });

  test('a cursor of another order is refused', async () => {
    const api = await library();
    const { cursor } = await get<{ cursor: string }>(api, '/v1/images?limit=1');
    expect((await api.request(`/v1/images?order=largest&cursor=${cursor}`)).status).toBe(400);
  });
});

test('GET /v1/metadata names what there is, the most frequent first', async () => {
  expect(await get(await library(), '/v1/metadata')).toEqual({
    names: [
      {
        name: 'album',
        pictures: 3,
        values: [
          { value: 'sea', pictures: 2 },
          { value: 'mountain', pictures: 1 },
        ],
      },
      { name: 'rating', pictures: 1, values: [{ value: '5', pictures: 1 }] },
    ],
  });
});

test('GET /v1/sample leaves out what is like another one', async () => {
  const api = testApi();
  for (let n = 0; n < 8; n++) await api.upload(`copies/${n}.jpg`, 'the same');
  for (let n = 0; n < 3; n++) await api.upload(`others/${n}.jpg`, `other ${n}`);
  const { items } = await get<{ items: { key: string }[] }>(api, '/v1/sample?limit=4');
  expect(items.filter(({ key }) => key.startsWith('others/'))).toHaveLength(3);
});

test('GET /v1/map has alike pictures near each other', async () => {
  const api = testApi();
  for (let n = 0; n < 6; n++) await api.upload(`a/${n}.jpg`, 'one');
  for (let n = 0; n < 6; n++) await api.upload(`b/${n}.jpg`, `another ${n}`);
  const map = await get<{ items: object[]; dims: number; vectors: string; pictures: number }>(api, '/v1/map');
  expect([map.pictures, map.items.length]).toEqual([12, 12]);
  const bytes = new Int8Array(Buffer.from(map.vectors, 'base64'));
  expect(bytes).toHaveLength(12 * map.dims);
  const distance = (i: number, j: number) =>
    Math.hypot(
      ...Array.from({ length: map.dims }, (_, d) => bytes[i * map.dims + d]! - bytes[j * map.dims + d]!),
    );
  expect(distance(0, 5)).toBeLessThan(3);
  expect(distance(0, 6)).toBeGreaterThan(30);
});

test('GET /v1/map tells pixels and the day of a photo, as far as they are known', async () => {
  const facts = { width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' };
  const plain = fakeEmbedder();
  const embedder: typeof plain = {
    ...plain,
    embed: async ([bytes], options) => {
      const [outcome] = await plain.embed([bytes!], options);
      return [{ ...outcome!, ...(Buffer.from(bytes!).includes('photo') && { facts }) }];
    },
  };
  const api = testApi({}, { embedder });
  await api.upload('photo.jpg', 'a photo');
  await api.upload('scan.jpg', 'a scan');
  const { items } = await get<{ items: object[] }>(api, '/v1/map');
  const lastModified = expect.any(String);
  expect(items).toEqual([
    { key: 'photo.jpg', lastModified, size: 7, ...facts },
    { key: 'scan.jpg', lastModified, size: 6 },
  ]);
});

describe('POST /v1/search by several', () => {
  test('goes by the weighted sum, and leaves out what it was asked by', async () => {
    const api = testApi();
    for (const name of ['one', 'two', 'three']) await api.upload(`${name}.jpg`, name);
    const vector = Array.from(seededVector(new TextEncoder().encode('three')));
    const body = json({
      queries: [{ key: 'one.jpg' }, { vector, weight: 0.5 }, { key: 'two.jpg', weight: -0.5 }],
    });
    const answer = (await (await api.request('/v1/search', body)).json()) as { results: { key: string }[] };
    expect(answer.results.map(({ key }) => key)).toEqual(['three.jpg']);
  });

  test('wants one that counts for it', async () => {
    const api = await library();
    const response = await api.request(
      '/v1/search',
      json({ queries: [{ key: 'holidays.jpg', weight: -1 }] }),
    );
    expect(response.status).toBe(400);
  });
});

test('a search counts all pictures by score, and says which results are copies of others', async () => {
  const api = testApi();
  for (const key of ['a.jpg', 'b.jpg', 'c.jpg']) await api.upload(key, 'the same');
  await api.upload('other.jpg', 'quite another');
  const answer = (await (
    await api.request('/v1/images/other.jpg/similar?k=10&histogram=true&stack=0.97')
  ).json()) as {
    results: { key: string; stackedOn?: string }[];
    histogram: { counts: number[]; estimated: boolean };
  };
  expect(answer.histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(4);
  expect(answer.histogram).toMatchObject({ estimated: false });
  expect(answer.histogram.counts.at(-1)).toBe(1);
  expect(answer.results.map(({ key, stackedOn }) => [key, stackedOn])).toEqual([
    ['a.jpg', undefined],
    ['b.jpg', 'a.jpg'],
    ['c.jpg', 'a.jpg'],
  ]);

  // What somebody said is honoured here too.
  await api.request('/v1/duplicates/not', json({ keys: ['a.jpg', 'b.jpg'] }));
  const again = (await (
    await api.request('/v1/images/other.jpg/similar?k=10&stack=0.97')
  ).json()) as typeof answer;
  expect(again.results.map(({ key, stackedOn }) => [key, stackedOn])).toEqual([
    ['a.jpg', undefined],
    ['b.jpg', undefined],
    ['c.jpg', 'a.jpg'],
  ]);
});
