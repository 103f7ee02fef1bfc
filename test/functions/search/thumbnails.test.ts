/** Addresses of small copies: of what the index has now, many at once. */

import { expect, test } from 'vitest';
import { THUMBNAILS_PREFIX, thumbnailName } from '../../../pictures/thumbnails/thumbnails.ts';
import { json, testApi } from '../../factories/api.ts';

const thumbnailUrl = async (picture: Parameters<typeof thumbnailName>[0]) =>
  `http://index.test/${thumbnailName(picture)}`;

interface Answer {
  readonly items: { readonly key: string; readonly url: string }[];
}

const ask = async (api: ReturnType<typeof testApi>, keys: readonly string[]) =>
  (await (await api.request('/v1/thumbnails', json({ keys }))).json()) as Answer;

test('says where those of indexed pictures are, in the order of the keys', async () => {
  const api = testApi({ thumbnailUrl });
  for (const key of ['a', 'b/1', 'c']) await api.upload(key, key);
  await api.compact();
  const { items } = await ask(api, ['c', 'nobody', 'b/1']);
  expect(items.map(({ key }) => key)).toEqual(['c', 'b/1']);
  for (const { url } of items)
    expect(url).toMatch(new RegExp(`^http://index.test/${THUMBNAILS_PREFIX}[0-9a-f]{32}[.]webp$`));
});

test('an overwrite has another address as soon as it is acknowledged', async () => {
  const api = testApi({ thumbnailUrl });
  await api.upload('a', 'first');
  const [first] = (await ask(api, ['a'])).items;
  await api.upload('a', 'second');
  const [second] = (await ask(api, ['a'])).items;
  expect(second!.url).not.toBe(first!.url);
});

test('where none are made there are no addresses', async () => {
  const api = testApi();
  await api.upload('a', 'a');
  expect(await ask(api, ['a'])).toEqual({ items: [] });
});

test('so many and no more are asked for at once', async () => {
  const api = testApi({ thumbnailUrl });
  const keys = Array.from({ length: 101 }, (_, i) => String(i));
  expect((await api.request('/v1/thumbnails', json({ keys }))).status).toBe(400);
  expect((await api.request('/v1/thumbnails', json({ keys: keys.slice(1) }))).status).toBe(200);
});
