/** Duplicates through the API, page by page: groups, keepers, decisions. */

import { setImmediate } from 'node:timers/promises';
import sharp from 'sharp';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { DuplicateGroup, DuplicatesPage } from '../../../client/types.ts';
import { SEARCH_LIMITS } from '../../../functions/search/limits.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { json, testApi } from '../../factories/api.ts';
import { picture } from '../../factories/pictures.ts';

type Api = ReturnType<typeof testApi>;

async function ask(api: Api, query = ''): Promise<DuplicatesPage> {
  return (await (await api.request(`/v1/duplicates?${query}`)).json()) as DuplicatesPage;
}

/** All groups of all pages. */
async function all(
  api: Api,
  query = '',
): Promise<{ groups: DuplicateGroup[]; compared: number; pages: number }> {
  const groups: DuplicateGroup[] = [];
  let [compared, pages, cursor] = [0, 0, ''];
  do {
    const page = await ask(api, `${query}&cursor=${cursor}`);
    groups.push(...page.groups);
    compared += page.compared;
    cursor = page.cursor ?? '';
    pages++;
  } while (cursor);
  return { groups, compared, pages };
}

/** Pictures that are nothing like each other. */
const originals: Buffer[] = [];
const smaller = (original: Buffer, side = 48) =>
  sharp(original).resize(side, side).jpeg({ quality: 80 }).toBuffer();
beforeAll(async () => {
  for (let i = 0; i < 40; i++) originals.push(await picture(i + 1));
});

/** 90 pictures, of which every third has the same bytes as the one before, in the index and in the log. */
async function library() {
  const api = testApi();
  const put = (i: number) => {
    const original = originals[Math.floor(i / 3)]!;
    // The second of three is another picture, made of its neighbour's seed.
    return picture(1_000 + i).then((other) =>
      api.upload(`${i % 2 ? 'odd' : 'even'}/${i}`, i % 3 === 0 ? other : original),
    );
  };
  for (let i = 0; i < 60; i++) await put(i);
  await api.compact();
  for (let i = 60; i < 90; i++) await put(i);
  return api;
}

const keysOf = (groups: readonly DuplicateGroup[]) =>
  groups.map(({ pictures }) => pictures.map(({ key }) => key).sort());

describe('GET /v1/duplicates', () => {
  test('finds every group once, over all pages', async () => {
    const api = await library();
    const { groups, compared, pages } = await all(api, 'limit=1');

    expect(pages).toBeGreaterThan(20);
    expect(compared).toBe(90);
    expect(groups).toHaveLength(30);
    expect(new Set(keysOf(groups).flat())).toHaveLength(60);
    for (const [a, b] of keysOf(groups)) {
      expect(Math.abs(Number(a!.split('/')[1]) - Number(b!.split('/')[1]))).toBe(1);
    }
    expect(groups[0]).toMatchObject({ tier: 'identical' });
  });

  test('lets other requests be answered while pictures are compared', async () => {
    const api = await library();
    let isDone = false;
    const asked = all(api).finally(() => {
      isDone = true;
    });
    let answered = 0;
    for (; !isDone; answered++) {
      await setImmediate();
      expect((await api.request('/v1/health')).status).toBe(200);
    }
    expect((await asked).groups).not.toHaveLength(0);
    // Would a page hold the event loop, it would be one at most for each.
    expect(answered).toBeGreaterThan(2 * (await asked).pages);
  });

  test('looks only under a prefix', async () => {
    const api = await library();
    await api.upload('odd/copy', originals[0]!);
    expect(keysOf((await all(api, 'prefix=odd/')).groups)).toEqual([['odd/1', 'odd/copy']]);
    expect((await ask(api, 'prefix=odd/')).total).toBe(46);
  });

  test('keeps the one with most pixels, not the one with most bytes, and says why', async () => {
    const api = testApi();
    const large = await sharp(originals[1]!).resize(300, 300, { kernel: 'nearest' }).jpeg().toBuffer();
    const screenshot = await sharp(large).resize(120, 120).png({ compressionLevel: 0 }).toBuffer();
    expect(screenshot.length).toBeGreaterThan(large.length);
    await api.upload('a screenshot.png', screenshot);
    await api.upload('b.jpg', large);

    const { groups } = await ask(api);

    expect(groups).toMatchObject([
      { tier: 'same', keeper: 'b.jpg', reason: '300 x 300', deletable: ['a screenshot.png'] },
    ]);
    expect(groups[0]!.freesBytes).toBe(screenshot.length);
    expect(groups[0]!.pictures[0]).toMatchObject({ key: 'b.jpg', width: 300, height: 300 });
  });

  test('offers no picture for deletion that shows the same larger than the one with most pixels', async () => {
    const api = testApi();
    const at = (side: number) =>
      sharp(originals[13]!).resize(side, side, { kernel: 'nearest' }).png().toBuffer();
    // By its pixels alone it could as well be the picture, and the whole one a screenshot of it with something around it.
    const part = await sharp(await at(600))
      .extract({ left: 20, top: 30, width: 500, height: 500 })
      .png()
      .toBuffer();
    await api.upload('whole.png', await at(600));
    await api.upload('part.png', await sharp(part).resize(590, 590).png().toBuffer());
    await api.upload('small.png', await at(200));
    for (let i = 0; i < 2; i++) {
      const { groups } = await ask(api);
      expect(groups).toMatchObject([{ tier: 'same', keeper: 'whole.png', deletable: ['small.png'] }]);
      const finer = groups[0]!.pictures.map((each) => [each.key, each.finer]);
      expect(Object.fromEntries(finer)).toEqual({
        'whole.png': undefined,
        'part.png': true,
        'small.png': undefined,
      });
    }
    // Whoever wants the smaller ones to stay has said so.
    expect((await ask(api, 'prefer=small')).groups[0]!.deletable.toSorted()).toEqual([
      'part.png',
      'whole.png',
    ]);
  });

  test('offers nothing for deletion that is only alike', async () => {
    const api = testApi();
    await api.upload('one.png', originals[2]!);
    await api.upload('copy.jpg', await smaller(originals[2]!));
    const { groups } = await ask(api, 'tier=alike&minScore=0.9');
    expect(groups).toMatchObject([{ tier: 'alike', deletable: [], freesBytes: 0 }]);
    expect(groups[0]!.keeper).toBeUndefined();
    expect((await ask(api, 'tier=identical')).groups).toEqual([]);
  });

  test('takes no two drawings for the same that the model alone cannot tell apart', async () => {
    const api = testApi();
    const base = sharp(originals[3]!);
    // A part has another colour: the embeddings of the 8 x 8 thumbnails stay near.
    const other = await sharp({ create: { width: 16, height: 32, channels: 3, background: '#20c060' } })
      .png()
      .toBuffer();
    const changed = await base
      .composite([{ input: other, left: 40, top: 8 }])
      .png()
      .toBuffer();
    await api.upload('one.png', originals[3]!);
    await api.upload('other.png', changed);
    expect((await ask(api, 'tier=alike&minScore=0.5')).groups).toHaveLength(1);
    expect((await ask(api)).groups).toEqual([]);
  });

  test('remembers what is no duplicate, and forgets it again', async () => {
    const api = testApi();
    for (const key of ['a', 'b', 'c']) await api.upload(key, originals[4]!);
    const say = (body: unknown) => api.request('/v1/duplicates/not', json(body));

    await say({ keys: ['a', 'c'] });
    expect(keysOf((await ask(api)).groups)).toEqual([['a', 'b']]);
    const decisions = await (await api.request('/v1/duplicates/decisions')).json();
    expect(decisions).toEqual({ protected: [], preferred: [], notDuplicates: [['a', 'c']] });

    await say({ keys: ['c', 'a'], undo: true });
    expect(keysOf((await ask(api)).groups)).toEqual([['a', 'b', 'c']]);
  });

  test('finds identical files that nobody has compared before, however little a page has time for', async () => {
    // Nothing has a fingerprint yet: in the cloud they are made when duplicates are asked for.
    const api = await library();
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += SEARCH_LIMITS.duplicatesMs));
    const { groups, pages } = await all(api, 'tier=identical').finally(() => clock.mockRestore());
    expect(groups).toHaveLength(30);
    expect(groups.every(({ tier, pictures }) => tier === 'identical' && pictures.length === 2)).toBe(true);
    expect(pages).toBeGreaterThan(1);
  });

  test.each([90, 180, 270])(
    'finds a picture turned by %i degrees, which the model does not know',
    async (degrees) => {
      const api = testApi();
      await api.upload('turned.jpg', await sharp(originals[10]!).rotate(degrees).jpeg().toBuffer());
      for (let i = 11; i < 30; i++) await api.upload(`other ${i}.png`, originals[i]!);
      await api.upload('upright.png', originals[10]!);
      expect(keysOf((await ask(api, 'tier=alike&minScore=0.5')).groups).flat()).not.toContain('turned.jpg');
      expect(keysOf((await ask(api)).groups)).toEqual([['turned.jpg', 'upright.png']]);
    },
  );

  test('shows what is probably the same with what is surely, and offers none of it for deletion', async () => {
    const api = testApi();
    // Too many of its hard edges are blurred by the JPEG for it to be sure.
    const unsure = await sharp(originals[9]!).rotate(180).jpeg().toBuffer();
    await api.upload('a.png', originals[9]!);
    await api.upload('b.png', originals[9]!);
    await api.upload('unsure.jpg', unsure);
    // Nothing unsure: these have no place among them.
    for (const key of ['c.png', 'd.png']) await api.upload(key, originals[12]!);
    expect(keysOf((await ask(api)).groups)).toEqual([
      ['a.png', 'b.png'],
      ['c.png', 'd.png'],
    ]);
    const { groups } = await ask(api, 'tier=likely&prefer=a.png');
    expect(groups).toMatchObject([{ tier: 'likely', keeper: 'a.png', deletable: [], freesBytes: 0 }]);
    expect(groups[0]!.pictures.map(({ key, tier }) => [key, tier])).toEqual([
      ['a.png', 'likely'],
      ['b.png', 'identical'],
      ['unsure.jpg', 'likely'],
    ]);
  });

  test('says how many pictures are still to be read before they can be compared', async () => {
    const api = await library();
    let now = 0;
    const clock = vi
      .spyOn(performance, 'now')
      .mockImplementation(() => (now += 2 * SEARCH_LIMITS.duplicatesMs));
    const first = await ask(api);
    const second = await ask(api, `cursor=${first.cursor}`);
    clock.mockRestore();
    expect(first).toMatchObject({ groups: [], compared: 0, total: 90 });
    expect(first.unread).toBeGreaterThan(0);
    expect(second.unread).toBeLessThan(first.unread!);
    expect((await all(api)).groups).toHaveLength(30);
    expect((await ask(api)).unread).toBeUndefined();
  });

  test('shows what is no duplicate no more among what is only alike', async () => {
    const api = testApi();
    for (const key of ['a', 'b']) await api.upload(key, originals[4]!);
    for (const key of ['c', 'd']) await api.upload(key, originals[7]!);
    const alike = async () => keysOf((await ask(api, 'tier=alike&minScore=0.97')).groups);
    expect(await alike()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    await api.request('/v1/duplicates/not', json({ keys: ['d', 'c'] }));
    expect(await alike()).toEqual([['a', 'b']]);
  });

  test('finds a copy though what is surer to be one was told apart from either picture', async () => {
    const api = testApi();
    const large = await sharp(originals[8]!).resize(300, 300, { kernel: 'nearest' }).jpeg().toBuffer();
    const asPng = (picture: Buffer) => sharp(picture).png({ compressionLevel: 0 }).toBuffer();
    await api.upload('one', originals[8]!);
    await api.upload('one as png', await asPng(originals[8]!));
    await api.upload('large', large);
    await api.upload('large as png', await asPng(large));
    const groups = async () => keysOf((await ask(api)).groups);
    expect(await groups()).toEqual([
      ['one', 'one as png'],
      ['large', 'large as png'],
    ]);
    for (const keys of [
      ['one', 'one as png', 'large as png'],
      ['large', 'one as png', 'large as png'],
    ])
      await api.request('/v1/duplicates/not', json({ keys }));
    expect(await groups()).toEqual([['large', 'one']]);
  });

  test('deletes nothing from protected folders and keeps from preferred ones', async () => {
    const api = testApi();
    for (const key of ['best/a', 'safe/b', 'z/c']) await api.upload(key, originals[5]!);
    const put = { ...json({ protected: ['safe/'], preferred: ['z/'] }), method: 'PUT' };
    expect((await api.request('/v1/duplicates/folders', put)).status).toBe(200);
    const { groups } = await ask(api);
    expect(groups).toMatchObject([{ keeper: 'z/c', reason: 'in a preferred folder', deletable: ['best/a'] }]);
  });

  /**
   * Two identical files, two that are the same by their pixels, and none of these in `safe/` but one: a group of which every
   * rule keeps another one.
   */
  async function mixed() {
    let now = '';
    const api = testApi({}, { clock: { ...systemClock, now: () => Date.parse(now) } });
    const original = originals[6]!;
    const upload = async (key: string, bytes: Buffer, day: string) => {
      now = day;
      await api.upload(key, bytes);
    };
    const other = (side: number) =>
      sharp(original).resize(side, side, { kernel: 'nearest' }).jpeg().toBuffer();
    await upload('safe/large.jpg', await other(300), '2024-05-04');
    await upload('a/one.png', original, '2024-05-03');
    await upload('b/one.png', original, '2024-05-02');
    await upload('b/old.jpg', await other(200), '2024-05-01');
    const raw = await sharp(await other(250))
      .png({ compressionLevel: 0 })
      .toBuffer();
    await upload('c/bytes.png', raw, '2024-05-05');
    return api;
  }

  test.each([
    ['', 'safe/large.jpg', ['a/one.png', 'b/old.jpg', 'b/one.png', 'c/bytes.png']],
    ['keep=oldest', 'b/old.jpg', ['a/one.png', 'b/one.png', 'c/bytes.png', 'safe/large.jpg']],
    ['keep=largest', 'c/bytes.png', ['a/one.png', 'b/old.jpg', 'b/one.png', 'safe/large.jpg']],
    // The protected one stays where another is kept, too.
    ['keep=oldest&protect=safe/', 'b/old.jpg', ['a/one.png', 'b/one.png', 'c/bytes.png']],
    ['prefer=b/&protect=safe/', 'b/old.jpg', ['a/one.png', 'b/one.png', 'c/bytes.png']],
    ['keep=oldest&prefer=b/&protect=safe/&protect=a/', 'b/old.jpg', ['b/one.png', 'c/bytes.png']],
    ['prefer=nowhere/', 'safe/large.jpg', ['a/one.png', 'b/old.jpg', 'b/one.png', 'c/bytes.png']],
  ])(
    'keeps by the rule %j in a mixed group, and offers nothing that is protected',
    async (query, keeper, gone) => {
      const { groups } = await ask(await mixed(), query);
      expect(groups).toHaveLength(1);
      expect(groups[0]).toMatchObject({ keeper });
      expect(groups[0]!.deletable.toSorted()).toEqual(gone);
      expect(groups[0]!.pictures[0]!.key).toBe(keeper);
    },
  );

  test('holds every one that goes against the one that a rule keeps', async () => {
    const api = await mixed();
    // Through the others these two are tied to each other all the same.
    await api.request('/v1/duplicates/not', json({ keys: ['b/old.jpg', 'safe/large.jpg'] }));
    const [group, ...others] = (await ask(api, 'keep=oldest')).groups;
    expect(group).toMatchObject({ keeper: 'b/old.jpg', tier: 'same' });
    expect(group!.deletable.toSorted()).toEqual(['a/one.png', 'b/one.png', 'c/bytes.png']);
    expect(others).toEqual([]);
  });

  test('loses no member of a very large group, and bounds its pages', async () => {
    const api = testApi();
    const count = SEARCH_LIMITS.maxGroupPart + 60;
    const store = api.pictures;
    for (let i = 0; i < count; i++) await store.put(`p${i}`, originals[6]!);
    for (let i = 0; i < count; i++) await api.upload(`p${i}`, originals[6]!);
    const { groups } = await all(api, 'limit=1');
    expect(groups.map(({ part }) => part)).toEqual([
      { number: 1, of: 2 },
      { number: 2, of: 2 },
    ]);
    expect(new Set(groups.map(({ keeper }) => keeper))).toHaveLength(1);
    expect(new Set(groups.flatMap(({ deletable }) => deletable))).toHaveLength(count - 1);
  }, 60_000);

  test('finds the rest when the log is folded between two pages', async () => {
    const api = await library();
    const first = await ask(api, 'limit=1');
    await api.compact();
    const found = new Set(keysOf(first.groups).flat());
    for (let { cursor } = first; cursor; ) {
      const page = await ask(api, `limit=1&cursor=${cursor}`);
      for (const key of keysOf(page.groups).flat()) found.add(key);
      cursor = page.cursor;
    }
    expect(found).toHaveLength(60);
  });

  test('goes on by the key when the index was written anew, and says so when that is gone', async () => {
    const api = await library();
    // With what is kept of a first run, a page ends by its groups and not by its time.
    await all(api);
    const { cursor } = await ask(api, 'limit=20');
    // Half of the rows die, and not the one that is next.
    for (let i = 0; i < 30; i++) await api.forget(`${i % 2 ? 'odd' : 'even'}/${i}`);
    for (let i = 70; i < 90; i++) await api.forget(`${i % 2 ? 'odd' : 'even'}/${i}`);
    await api.compact();
    const goneOn = await api.request(`/v1/duplicates?cursor=${cursor}`);
    expect(goneOn.status).toBe(200);

    for (let i = 30; i < 70; i++) await api.forget(`${i % 2 ? 'odd' : 'even'}/${i}`);
    await api.compact();
    const response = await api.request(`/v1/duplicates?cursor=${cursor}`);
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ type: 'urn:likeness:problem:cursor-expired' });
  });
});
