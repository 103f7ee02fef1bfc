/** The function front answers as the whole API does, and reads no vector for it. */

import { describe, expect, test } from 'vitest';
import { createFront } from '../../../functions/front/app.ts';
import type { Trash } from '../../../pictures/trash/trash.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { json, testApi } from '../../factories/api.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';

function frontOf(
  { pictures, index }: Pick<ReturnType<typeof testApi>, 'pictures' | 'index'>,
  keysBudgetBytes = 2 ** 24,
  searchBudgetBytes = 2 ** 30,
  trash?: Trash,
) {
  return createFront({
    pictures,
    index,
    ...(trash && { trash }),
    model: { modelId: 'fake-00000000', synthetic: true },
    keysBudgetBytes,
    searchBudgetBytes,
    clock: systemClock,
    logger: silentLogger,
    uploads: {
      sign: async ({ key }) => ({
        method: 'PUT',
        url: `http://pictures.test/${key}`,
        expiresAt: '2026-01-01T00:00:00.000Z',
      }),
    },
  });
}

describe('front', () => {
  test('tells the state of many pictures as the whole API does', async () => {
    const api = testApi();
    await api.upload('folded.jpg', 'folded');
    await api.compact();
    await api.upload('in the log.jpg', 'in the log');
    await api.upload('waiting.jpg', 'waiting', { indexed: false });
    await api.upload('bad.jpg', 'reject this');
    const asked = json({
      keys: ['folded.jpg', 'in the log.jpg', 'waiting.jpg', 'bad.jpg', 'nothing.jpg'],
    });

    const whole = await (await api.request('/v1/states', asked)).json();
    const front = await (await frontOf(api).request('/v1/states', asked)).json();

    expect(front).toEqual(whole);
    expect(front).toMatchObject({
      states: [
        { key: 'folded.jpg', state: 'indexed', size: 6 },
        { key: 'in the log.jpg', state: 'indexed', size: 10 },
        { key: 'waiting.jpg', state: 'pending' },
        { key: 'bad.jpg', state: 'rejected', reason: { code: expect.any(String) } },
        { key: 'nothing.jpg', state: 'absent' },
      ],
    });
  });

  test('names a log that is longer than searches can take in, as the whole API does, until it is folded', async () => {
    const budget = 20_000;
    const api = testApi({ memoryBudgetBytes: budget });
    for (const key of ['1.jpg', '2.jpg', '3.jpg']) await api.upload(key, key);
    const { log } = (await (await api.request('/v1/stats')).json()) as { log: { pending: number } };
    expect(log.pending).toBeGreaterThan(0);
    const healthOf = async (bytes: number) =>
      (await frontOf(api, 2 ** 24, bytes).request('/v1/health')).json();

    const whole = await (await api.request('/v1/health')).json();
    const tooLong = { status: 'degraded', reasons: [{ code: 'log-too-long' }] };
    expect(whole).toMatchObject(tooLong);
    // How many it cannot tell: a search holds other things as well, for a while.
    expect(await healthOf(budget)).toMatchObject(tooLong);
    expect(await healthOf(2 ** 30)).toMatchObject({ status: 'ok' });
    await api.compact();
    expect(await healthOf(budget)).toMatchObject({ status: 'ok' });
  });

  test('names a damaged manifest, as the whole API does, until a commit has stepped over it', async () => {
    const api = testApi();
    for (const key of ['1.jpg', '2.jpg']) {
      await api.upload(key, key);
      await api.compact();
    }
    await api.index.put(manifestName(2), new TextEncoder().encode('null'));
    await api.upload('3.jpg', '3');
    const { items } = (await (await api.request('/v1/images')).json()) as { items: { key: string }[] };
    expect(items.map(({ key }) => key)).toEqual(['1.jpg', '2.jpg', '3.jpg']);

    const ours = async () => (await frontOf(api).request('/v1/health')).json();
    const damaged = { status: 'degraded', reasons: [{ code: 'manifest-unreadable' }] };
    const whole = await (await api.request('/v1/health')).json();
    expect(whole).toMatchObject(damaged);
    expect(await ours()).toMatchObject(damaged);
    await api.compact();
    expect(await ours()).toMatchObject({ status: 'ok' });
  });

  test('says which setting has to grow when the keys do not fit', async () => {
    const api = testApi();
    await api.upload('a.jpg', 'a');
    await api.compact();
    const response = await frontOf(api, 10).request('/v1/states', json({ keys: ['a.jpg'] }));
    expect(response.status).toBe(507);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('memory.front') });
  });

  test('signs uploads, deletes, lists what was rejected and keeps decisions', async () => {
    const api = testApi();
    await api.upload('bad.jpg', 'reject this');
    const front = frontOf(api);
    const upload = { key: 'new.jpg', contentType: 'image/jpeg', size: 3 };

    expect(await (await front.request('/v1/health')).json()).toMatchObject({
      status: 'ok',
      model: 'fake-00000000',
      synthetic: true,
      allows: { uploads: true, deletes: true },
    });
    expect((await front.request('/v1/uploads', json(upload))).status).toBe(200);
    expect(await (await front.request('/v1/rejected')).json()).toMatchObject({ items: [{ key: 'bad.jpg' }] });
    expect((await front.request('/v1/images/bad.jpg', { method: 'DELETE' })).status).toBe(202);
    expect(await api.pictures.head('bad.jpg')).toBeUndefined();
    await front.request('/v1/duplicates/not', json({ keys: ['a.jpg', 'b.jpg'] }));
    expect(await (await api.request('/v1/duplicates/decisions')).json()).toMatchObject({
      notDuplicates: [['a.jpg', 'b.jpg']],
    });
  });

  describe('lists what is in the trash of a bucket', () => {
    const facts = { width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' };
    const embedder = {
      ...fakeEmbedder(),
      embed: async (pictures: readonly Uint8Array[]) =>
        (await fakeEmbedder().embed(pictures)).map((outcome) => ({ ...outcome, facts })),
    };
    /** As S3 tells of versions under a marker: by key, size and eTag. */
    const trashOf = (...pictures: { key: string; eTag: string }[]): Trash => {
      const never = () => Promise.reject(new Error('not asked for'));
      const items = pictures.map(({ key, eTag }) => ({ id: key, key, size: 7, eTag, deletedAt: 0 }));
      const list = async () => ({ pictures: items });
      return { keeps: async () => true, keptDays: 30, list, restore: never, restoreKey: never, empty: never };
    };
    async function deleted() {
      const api = testApi({}, { embedder });
      const eTags = new Map<string, string>();
      // So many that no rewrite leaves the one out that goes.
      const others = Array.from({ length: 6 }, (_, i) => `${i}.jpg`);
      for (const key of ['folded.jpg', ...others, 'in the log.jpg', 'replaced.jpg']) {
        await api.upload(key, `first ${key}`);
        eTags.set(key, (await api.pictures.head(key))!.eTag);
        if (key === others.at(-1)) await api.compact();
      }
      await api.forget('folded.jpg');
      await api.compact();
      await api.forget('in the log.jpg');
      const trash = trashOf(
        { key: 'folded.jpg', eTag: eTags.get('folded.jpg')! },
        { key: 'in the log.jpg', eTag: eTags.get('in the log.jpg')! },
        { key: 'replaced.jpg', eTag: 'of bytes that nobody indexed' },
        { key: 'never indexed.jpg', eTag: 'any' },
      );
      return { api, trash };
    }
    const itemsOf = async (front: ReturnType<typeof frontOf>) => {
      const response = await front.request('/v1/trash');
      expect(response.status).toBe(200);
      return ((await response.json()) as { items: { key: string; width?: number }[] }).items;
    };

    test('with pixels and the day of a photo, where the index still knows that picture', async () => {
      const { api, trash } = await deleted();
      expect(await itemsOf(frontOf(api, 2 ** 24, 2 ** 30, trash))).toEqual([
        { id: 'folded.jpg', key: 'folded.jpg', size: 7, ...facts, deletedAt: '1970-01-01T00:00:00.000Z' },
        expect.objectContaining({ key: 'in the log.jpg', ...facts }),
        { id: 'replaced.jpg', key: 'replaced.jpg', size: 7, deletedAt: '1970-01-01T00:00:00.000Z' },
        expect.not.objectContaining({ width: 6_000 }),
      ]);
    });

    test('without them where its keys do not fit', async () => {
      const { api, trash } = await deleted();
      const items = await itemsOf(frontOf(api, 10, 2 ** 30, trash));
      expect(items.map(({ key, width }) => [key, width])).toEqual([
        ['folded.jpg', undefined],
        ['in the log.jpg', undefined],
        ['replaced.jpg', undefined],
        ['never indexed.jpg', undefined],
      ]);
    });
  });

  test('has no search, and says so in a problem document', async () => {
    const response = await frontOf(testApi()).request('/v1/search', json({ key: 'a.jpg' }));
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: 'urn:likeness:problem:route-not-found' });
  });
});
