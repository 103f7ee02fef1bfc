/** The API with its index in S3 Vectors: what it says of its answers, and what it refuses. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCompact } from '../../../functions/compact/handler.ts';
import { aboutEngine, Engine } from '../../../functions/search/engine.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { IndexTooLarge } from '../../../vectorlog/read/errors.ts';
import { testApi } from '../../factories/api.ts';
import { FakeS3Vectors } from '../../vectorlog/far/fake-s3-vectors.ts';

let fake: FakeS3Vectors;
beforeEach(async () => {
  fake = await FakeS3Vectors.start({ dimensions: DIMENSIONS });
});
afterEach(() => fake.stop());

/** An API whose index does not fit in memory, and the compaction that projects it. */
function farApi() {
  const far = fake.client();
  const api = testApi({ far, memoryBudgetBytes: 0 });
  const deps = { index: api.index, modelId: 'fake-00000000', clock: systemClock, logger: silentLogger };
  return { api, compact: createCompact({ ...deps, far }) };
}

interface Answer {
  readonly results: readonly { readonly key: string; readonly score: number }[];
  readonly [more: string]: unknown;
}

const json = async (response: Response) => (await response.json()) as Record<string, unknown>;

const search = async (api: ReturnType<typeof farApi>['api'], body: string, query = '') =>
  (await json(
    await api.request(`/v1/search${query}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'image/jpeg' },
    }),
  )) as unknown as Answer;

test('answers say that they are approximate, by which engine, and how good it was', async () => {
  const { api, compact } = farApi();
  for (let i = 0; i < 20; i++)
    await api.upload(`p/${i}.jpg`, `picture ${i}`, { metadata: { year: `${i % 2}` } });
  expect(await compact()).toMatchObject({ projection: { put: 20, left: 0 } });
  await api.upload('p/new.jpg', 'the newest', { metadata: { year: '1' } });

  const newest = await search(api, 'the newest', '?k=3');
  expect(newest).toMatchObject({ engine: 's3-vectors', exact: false, searched: 21, pending: 0 });
  expect(newest.recall).toMatchObject({ value: 1, k: 10 });
  expect(newest.results[0]).toMatchObject({ key: 'p/new.jpg' });
  expect((await search(api, 'picture 4', '?k=1')).results[0]!.score).toBeCloseTo(1, 5);
  const filtered = await search(api, 'picture 4', '?k=50&filter=year:1&prefix=p/');
  expect(filtered.results).toHaveLength(11);

  const similar = (await json(await api.request('/v1/images/p%2F4.jpg/similar?k=30'))) as unknown as Answer;
  expect(similar.results.map(({ key }) => key)).not.toContain('p/4.jpg');
  expect(similar.results).toHaveLength(20);
  expect(await json(await api.request('/v1/images/p%2F4.jpg'))).toMatchObject({ state: 'indexed' });
  expect(await json(await api.request('/v1/stats'))).toMatchObject({
    pictures: 21,
    engine: 's3-vectors',
    recall: { value: 1 },
    index: { generation: 1, rows: 20 },
  });
});

test('what needs all rows is refused with what to do instead', async () => {
  const { api, compact } = farApi();
  for (let i = 0; i < 20; i++) await api.upload(`${i}.jpg`, `picture ${i}`);
  await compact();
  for (const path of ['/v1/duplicates', '/v1/images']) {
    const response = await api.request(path);
    expect(response.status).toBe(507);
    expect(String((await json(response)).detail)).toContain('/similar with minScore=0.97');
  }
  expect((await api.request('/v1/images/4.jpg/similar?centered=true')).status).toBe(507);
  const histogram = await api.request('/v1/search?histogram=true', {
    method: 'POST',
    body: 'a',
    headers: { 'content-type': 'image/jpeg' },
  });
  expect(histogram.status).toBe(507);
});

test('an index that does not fit is refused with how much memory it needs, and which engine searches past that', async () => {
  const api = testApi({ memoryBudgetBytes: 0 });
  for (let i = 0; i < 20; i++) await api.upload(`${i}.jpg`, `picture ${i}`);
  await api.compact();
  for (const path of ['/v1/images', '/v1/duplicates', '/v1/images/4.jpg/similar']) {
    const response = await api.request(path);
    const problem = await json(response);
    expect(problem).toMatchObject({ status: 507, type: expect.stringContaining('index-too-large') });
    expect(problem.detail).toMatch(/has 20 rows .* \d+ MB of memory or more/);
    expect(problem.detail).toContain("engine: 's3-vectors'");
  }
});

test('to the far index and back by compactions alone, which embed nothing, and every search on the way is answered', async () => {
  const far = fake.client();
  const here = testApi();
  const { index } = here;
  const there = testApi({ index, far, memoryBudgetBytes: 0 });
  const deps = { index, modelId: 'fake-00000000', clock: systemClock, logger: silentLogger };
  for (let i = 0; i < 40; i++) await here.upload(`${i}.jpg`, `picture ${i}`);
  await createCompact(deps)();
  const finds = async ({ request }: typeof here, engine: string) => {
    const similar = await json(await request('/v1/images/4.jpg/similar?k=5'));
    expect(similar).toMatchObject({ engine, exact: engine === 'memory' });
    return (similar as unknown as Answer).results.map(({ key }) => key);
  };
  const before = await finds(here, 'memory');

  // The engine is another, and compact has not run yet: the rows are few enough to be looked at.
  expect(await finds(there, 's3-vectors')).toEqual(before);
  expect(await createCompact({ ...deps, far })()).toMatchObject({ projection: { put: 40 } });
  expect(await finds(there, 's3-vectors')).toEqual(before);
  for (let i = 20; i < 40; i++) await here.forget(`${i}.jpg`);
  await createCompact({ ...deps, far })();
  const fewer = await finds(there, 's3-vectors');

  // And back: by what is in memory, before the first deletion is committed and after it, which writes the file without the dead.
  expect(await finds(here, 'memory')).toEqual(fewer);
  const other = Array.from({ length: 20 }, (_, i) => `${i}.jpg`).find(
    (key) => key !== '4.jpg' && !fewer.includes(key),
  );
  await here.forget(other!);
  expect(await createCompact(deps)()).toMatchObject({ rewritten: true, live: 19 });
  expect(await finds(here, 'memory')).toEqual(fewer);

  // And there again, under names that are new.
  expect(await createCompact({ ...deps, far })()).toMatchObject({ projection: { put: 19 } });
  expect(await finds(there, 's3-vectors')).toEqual(fewer);
});

test('a service that is away undoes no commit, and a search looks at the rows itself', async () => {
  const far = fake.client({ maxAttempts: 1 });
  const api = testApi({ far });
  for (let i = 0; i < 20; i++) await api.upload(`${i}.jpg`, `picture ${i}`);
  fake.faults.refuse = 1;
  const deps = { index: api.index, modelId: 'fake-00000000', clock: systemClock, logger: silentLogger };
  expect(await createCompact({ ...deps, far })()).toMatchObject({ outcome: 'committed', live: 20 });
  expect((await search(api, 'picture 4', '?k=1')).results[0]).toMatchObject({ key: '4.jpg' });
});

test('while rows are on their way the index in memory answers, as long as it fits there', async () => {
  const far = { read: async (_: unknown, work: (view: unknown) => unknown) => work({ unreachable: 5 }) };
  const inMemory = { pending: 0 };
  const fits = { read: async (_: unknown, work: (view: unknown) => unknown) => work(inMemory) };
  const engine = new Engine(fits as never, far as never);
  expect(await engine.read('strong', 'near rows', ({ view }) => view)).toBe(inMemory);
  const tooLarge = { read: () => Promise.reject(new IndexTooLarge(10, 2, 1)) };
  const past = new Engine(tooLarge as never, far as never);
  expect(await past.read('strong', 'near rows', aboutEngine)).toEqual({
    engine: 's3-vectors',
    exact: false,
    unreachable: 5,
  });
});
