/** Lists, states, uploads and deletions through the API. */

import { describe, expect, test } from 'vitest';
import { ObjectUnreadable } from '../../../vectorlog/store/errors.ts';
import { json, testApi } from '../../factories/api.ts';
import { badPicture } from '../../factories/fake-embedder.ts';

interface Page {
  readonly items: { readonly key: string }[];
  readonly total: number;
  readonly cursor?: string;
}

const page = async (response: Response) => (await response.json()) as Page;

describe('GET /v1/images', () => {
  test('walks through all pictures page by page, by key, in the index and in the log', async () => {
    const api = testApi();
    const keys = ['b', 'a/2', 'ä', 'a/1', '"', 'z\\', '😀', '～'];
    for (const key of keys.slice(0, 5)) await api.upload(key, key);
    await api.compact();
    for (const key of keys.slice(5)) await api.upload(key, key);

    const seen: string[] = [];
    let cursor = '';
    do {
      const next = await page(await api.request(`/v1/images?limit=3&cursor=${cursor}`));
      expect(next.total).toBe(keys.length);
      seen.push(...next.items.map(({ key }) => key));
      cursor = next.cursor ?? '';
    } while (cursor);

    expect(seen).toEqual(keys.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))));
  });

  test('a page that is just full says that it is the last', async () => {
    const api = testApi();
    await api.upload('a', 'a');
    expect(await page(await api.request('/v1/images?limit=1'))).not.toHaveProperty('cursor');
  });

  test('a prefix narrows it', async () => {
    const api = testApi();
    for (const key of ['x/1', 'x/2', 'y/1']) await api.upload(key, key);
    const { items, total } = await page(await api.request('/v1/images?prefix=x/'));
    expect([items.map(({ key }) => key), total]).toEqual([['x/1', 'x/2'], 2]);
  });
});

describe('GET /v1/images/{key}', () => {
  const state = async (api: ReturnType<typeof testApi>, key: string) => {
    const response = await api.request(`/v1/images/${key}`);
    return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
  };

  test('indexed, then pending while an overwrite is on its way', async () => {
    const api = testApi();
    await api.upload('a.jpg', 'first', { metadata: { album: 'x' } });
    expect(await state(api, 'a.jpg')).toMatchObject({ state: 'indexed', size: 5, metadata: { album: 'x' } });
    await api.upload('a.jpg', 'second', { indexed: false });
    expect(await state(api, 'a.jpg')).toEqual({ status: 200, state: 'pending', key: 'a.jpg' });
  });

  test('rejected, with the reason, until a good picture takes its place', async () => {
    const api = testApi();
    await api.upload('a.jpg', badPicture());
    expect(await state(api, 'a.jpg')).toMatchObject({ state: 'rejected', reason: { code: 'not-an-image' } });
    await api.upload('a.jpg', 'good');
    expect(await state(api, 'a.jpg')).toMatchObject({ state: 'indexed' });
  });

  test('rejected as not readable, alone and among others, though the bucket does not even tell of it', async () => {
    const api = testApi();
    const head = api.pictures.head.bind(api.pictures);
    const refuse = (key: string) => new ObjectUnreadable(key, 'encrypted', 'the bucket says no');
    api.pictures.head = (key) => (key === 'a.jpg' ? Promise.reject(refuse(key)) : head(key));
    const get = api.pictures.get.bind(api.pictures);
    api.pictures.get = (key, options) => (key === 'a.jpg' ? Promise.reject(refuse(key)) : get(key, options));
    await api.upload('a.jpg', 'a');
    await api.upload('b.jpg', 'b');
    expect(await state(api, 'a.jpg')).toMatchObject({ state: 'rejected', reason: { code: 'not-readable' } });
    const answer = await api.request('/v1/states', json({ keys: ['a.jpg', 'b.jpg', 'c.jpg'] }));
    expect(await answer.json()).toMatchObject({
      states: [{ state: 'rejected' }, { state: 'indexed' }, { state: 'absent' }],
    });
  });

  test('pending from a deletion until the index knows of it, then absent', async () => {
    const api = testApi();
    await api.upload('a.jpg', 'a');
    const response = await api.request('/v1/images/a.jpg', { method: 'DELETE' });
    expect([response.status, await response.json()]).toEqual([
      202,
      { key: 'a.jpg', state: 'pending', restorable: false },
    ]);
    expect(await api.pictures.head('a.jpg')).toBeUndefined();
    expect(await state(api, 'a.jpg')).toMatchObject({ state: 'pending' });
    await api.forget('a.jpg');
    const problem = { status: 404, type: 'urn:likeness:problem:picture-not-found' };
    expect(await state(api, 'a.jpg')).toMatchObject(problem);
  });
});

describe('DELETE /v1/images/{key} on condition', () => {
  const remove = (api: ReturnType<typeof testApi>, query: Record<string, string>) =>
    api.request(`/v1/images/copy.jpg?${new URLSearchParams(query)}`, { method: 'DELETE' });

  test.each([
    ['the picture', 'copy.jpg'],
    ['what is to stay of it', 'kept.jpg'],
  ])('deletes nothing when %s is another one by now', async (_, changed) => {
    const api = testApi();
    await api.upload('copy.jpg', 'a');
    await api.upload('kept.jpg', 'b');
    const eTagOf = async (key: string) => (await api.pictures.head(key))!.eTag;
    const query = {
      eTag: await eTagOf('copy.jpg'),
      copyOf: 'kept.jpg',
      copyOfETag: await eTagOf('kept.jpg'),
    };
    await api.upload(changed, 'another picture');
    const refused = await remove(api, query);
    expect([refused.status, await refused.json()]).toMatchObject([
      412,
      { type: 'urn:likeness:problem:picture-changed' },
    ]);
    expect(await api.pictures.head('copy.jpg')).toBeDefined();
    const now = { ...query, eTag: await eTagOf('copy.jpg'), copyOfETag: await eTagOf('kept.jpg') };
    expect((await remove(api, now)).status).toBe(202);
    expect(await api.pictures.head('copy.jpg')).toBeUndefined();
  });

  test('deletes nothing when what is to stay has gone', async () => {
    const api = testApi();
    await api.upload('copy.jpg', 'a');
    expect((await remove(api, { copyOf: 'kept.jpg', copyOfETag: 'x' })).status).toBe(412);
    expect(await api.pictures.head('copy.jpg')).toBeDefined();
  });

  test('deletes no copy from a folder that was protected since, nor a picture as the copy of itself', async () => {
    const api = testApi();
    await api.upload('safe/copy.jpg', 'a');
    await api.upload('kept.jpg', 'a');
    const asCopyOf = async (copyOf: string) => {
      const copyOfETag = (await api.pictures.head(copyOf))!.eTag;
      const query = new URLSearchParams({ copyOf, copyOfETag });
      return (await api.request(`/v1/images/safe/copy.jpg?${query}`, { method: 'DELETE' })).status;
    };
    expect(await asCopyOf('safe/copy.jpg')).toBe(400);
    const folders = (kept: string[]) => ({ ...json({ protected: kept, preferred: [] }), method: 'PUT' });
    await api.request('/v1/duplicates/folders', folders(['safe/']));
    expect(await asCopyOf('kept.jpg')).toBe(412);
    expect(await api.pictures.head('safe/copy.jpg')).toBeDefined();
    await api.request('/v1/duplicates/folders', folders([]));
    expect(await asCopyOf('kept.jpg')).toBe(202);
    // Whoever names a picture means it.
    await api.request('/v1/duplicates/folders', folders(['kept.jpg']));
    expect((await api.request('/v1/images/kept.jpg', { method: 'DELETE' })).status).toBe(202);
  });

  test('refuses half a condition', async () => {
    const api = testApi();
    await api.upload('copy.jpg', 'a');
    expect((await remove(api, { copyOf: 'kept.jpg' })).status).toBe(400);
    expect(await api.pictures.head('copy.jpg')).toBeDefined();
  });
});

describe('GET /v1/rejected', () => {
  test('walks through the rejected pictures page by page', async () => {
    const api = testApi();
    for (const key of ['a', 'b', 'c']) await api.upload(key, badPicture());
    const first = await page(await api.request('/v1/rejected?limit=2'));
    const second = await page(await api.request(`/v1/rejected?limit=2&cursor=${first.cursor}`));
    expect([...first.items, ...second.items].map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(second).not.toHaveProperty('cursor');
  });
});

describe('POST /v1/uploads', () => {
  const upload = { key: 'a.jpg', contentType: 'image/jpeg', size: 3 };

  test('hands the request to the signer', async () => {
    const response = await testApi().request('/v1/uploads', json(upload));
    expect(await response.json()).toMatchObject({ method: 'PUT', url: 'http://pictures.test/a.jpg' });
  });

  test.each([
    ['no image', { contentType: 'text/html' }],
    ['what is too large', { size: 201 * 1024 * 1024 }],
    ['what is empty', { size: 0 }],
    ['a key that is too long', { key: 'ä'.repeat(513) }],
    ['metadata that no header can carry', { metadata: { album: 'Zürich' } }],
    ['a name that no header can have', { metadata: { 'Al bum': 'x' } }],
    ['too much metadata', { metadata: { album: 'x'.repeat(2048) } }],
    ['a field that is not known', { colour: 'red' }],
  ])('refuses %s', async (_, wrong) => {
    const response = await testApi().request('/v1/uploads', json({ ...upload, ...wrong }));
    expect(response.status).toBe(400);
  });
});

test('GET /v1/stats counts what is indexed, dead and waiting', async () => {
  const api = testApi({ queue: async () => ({ waiting: 3, failed: 1 }) });
  for (const key of ['a', 'b', 'c', 'd', 'e']) await api.upload(key, key);
  await api.compact();
  await api.upload('a', 'other');
  await api.compact();
  await api.upload('f', 'f');

  expect(await (await api.request('/v1/stats')).json()).toMatchObject({
    pictures: 6,
    model: { id: 'fake-00000000', synthetic: true },
    index: { generation: 2, rows: 6, deadRows: 1 },
    log: { appends: 1, pending: 0 },
    queue: { waiting: 3, failed: 1 },
  });
});

test('GET /v1/health asks nothing of the store', async () => {
  const api = testApi();
  const response = await api.request('/v1/health');
  const allows = { uploads: true, deletes: true };
  expect(await response.json()).toEqual({ status: 'ok', model: 'fake-00000000', allows, synthetic: true });
  expect(api.index.calls).toEqual([]);
});

test('GET /v1/health names what keeps the server from all it should do', async () => {
  const reasons = [{ code: 'folder-away', message: 'the folder is gone' }];
  const response = await testApi({ troubles: () => reasons }).request('/v1/health');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ status: 'degraded', reasons });
});

test('GET /v1/health names a log that is longer than searches can take in', async () => {
  const api = testApi({ memoryBudgetBytes: 20_000 });
  for (const key of ['1.jpg', '2.jpg', '3.jpg']) await api.upload(key, key);
  const { log } = (await (await api.request('/v1/stats')).json()) as { log: { pending: number } };
  expect(log.pending).toBeGreaterThan(0);
  expect(await (await api.request('/v1/health')).json()).toMatchObject({
    status: 'degraded',
    reasons: [{ code: 'log-too-long' }],
  });
});
