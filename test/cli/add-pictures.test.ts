/** Adding many pictures asks for pages of what is there, not for each picture again and again, and tries every call again. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addPictures } from '../../cli/add-pictures.ts';
import { type Client, createClient } from '../../client/client.ts';
import { testApi } from '../factories/api.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-add-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files = Array.from({ length: 60 }, (_, i) => {
  const path = join(folder, `${i}.jpg`);
  writeFileSync(path, `picture ${i}`);
  return {
    path,
    key: `trip/${i}.jpg`,
    contentType: 'image/jpeg',
    size: `picture ${i}`.length,
    modifiedAt: 0,
  };
});

/** A client of the API whose uploads are indexed when `index` is called, and which may be throttled. */
function library(throttled: (count: number) => boolean = () => false) {
  const api = testApi();
  const asked: string[] = [];
  const waiting: { key: string; body: Uint8Array }[] = [];
  const through: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    asked.push(`${init?.method} ${url.pathname}`);
    // As API Gateway answers for a function that is throttled.
    if (throttled(asked.length)) return new Response('{"message":"Internal Server Error"}', { status: 500 });
    return api.app.request(url.pathname + url.search, init);
  };
  const client: Client = {
    ...createClient({ endpoint: 'http://api.test', fetch: through }),
    upload: async (body, { key }) => {
      asked.push('UPLOAD');
      if (throttled(asked.length)) throw new TypeError('fetch failed');
      waiting.push({ key, body: body as Uint8Array });
    },
  };
  const index = async () => {
    for (const { key, body } of waiting.splice(0)) await api.upload(key, body);
  };
  return { api, asked, client, index };
}

const options = { wait: true, force: false, patienceMs: 20_000, atOnce: 4 };

test('one page settles many: far fewer requests than pictures while it waits', async () => {
  const { asked, client, index } = library();
  let waits = 0;
  const outcome = await addPictures(files, {
    ...options,
    client,
    onUploaded: (n) => {
      if (n === files.length) waits = asked.length;
      if (n === files.length) void index();
    },
  });
  expect(outcome.added.sort()).toEqual(files.map(({ key }) => key).sort());
  const singly = asked.slice(waits).filter((one) => one.startsWith('GET /v1/images/'));
  const pages = asked.slice(waits).filter((one) => one === 'GET /v1/images');
  expect(pages.length).toBeGreaterThan(0);
  expect(singly.length, asked.slice(waits).join('\n')).toBeLessThanOrEqual(4 * pages.length);
});

test('a picture that replaces one is waited for by itself: the list still has the old one', async () => {
  const { api, client, index } = library();
  await api.upload('trip/0.jpg', 'the old one, of another size');
  let uploaded = false;
  const adding = addPictures(files.slice(0, 1), {
    ...options,
    client: {
      ...client,
      // The bucket has it at once; the index later.
      upload: async (body, about) => {
        await client.upload(body, about);
        await api.pictures.put(about.key, body as Uint8Array);
        uploaded = true;
      },
      images: (...args) => client.images(...args),
      image: async (key) => {
        const image = await client.image(key);
        if (uploaded) void index();
        return image;
      },
    },
  });
  const outcome = await adding;
  expect(outcome).toMatchObject({ added: ['trip/0.jpg'], pending: [] });
});

test('a rejected one is told of among others that are listed', async () => {
  const { client, index } = library();
  const bad = join(folder, 'bad.jpg');
  writeFileSync(bad, 'reject this');
  const all = [...files.slice(0, 5), { ...files[0]!, path: bad, key: 'trip/bad.jpg', size: 11 }];
  const outcome = await addPictures(all, {
    ...options,
    client,
    onUploaded: (n) => {
      if (n === all.length) void index();
    },
  });
  expect(outcome.added).toHaveLength(5);
  expect(outcome.refused).toMatchObject([{ key: 'trip/bad.jpg' }]);
});

test('every call is tried again: a new account throttles', async () => {
  const { client, index } = library((count) => count % 5 === 0);
  const some = files.slice(0, 8);
  const outcome = await addPictures(some, {
    ...options,
    client,
    onUploaded: (n) => {
      if (n === some.length) void index();
    },
  });
  expect(outcome.added).toHaveLength(8);
});
