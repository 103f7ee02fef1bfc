/** Adding many pictures asks for the states of many at once, and tries every call again. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addPictures } from '../../cli/add-pictures.ts';
import { UsageError } from '../../cli/errors.ts';
import { type Client, createClient } from '../../client/client.ts';
import { ProblemError } from '../../client/problem-error.ts';
import { testApi } from '../factories/api.ts';
import { gate } from '../factories/live-index.ts';

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

test('one request tells of many: far fewer requests than pictures', async () => {
  const { asked, client, index } = library();
  const outcome = await addPictures(files, {
    ...options,
    client,
    onUploaded: (n) => {
      if (n === files.length) void index();
    },
  });
  expect(outcome.added.sort()).toEqual(files.map(({ key }) => key).sort());
  const requests = asked.filter((one) => one !== 'UPLOAD');
  expect(new Set(requests)).toEqual(new Set(['POST /v1/states']));
  expect(requests.length, asked.join('\n')).toBeLessThan(files.length / 2);
});

test('no more uploads are under way together than are allowed', async () => {
  const { client } = library();
  let [underWay, most] = [0, 0];
  // They wait for each other: the first ones end when as many as may be are under way.
  let release: () => void = () => {};
  const full = new Promise<void>((resolve) => {
    release = resolve;
  });
  await addPictures(files, {
    ...options,
    wait: false,
    client: {
      ...client,
      upload: async () => {
        most = Math.max(most, ++underWay);
        if (most === options.atOnce) release();
        await full;
        underWay--;
      },
    },
  });
  expect(most).toBe(options.atOnce);
});

test('a picture that replaces one is waited for until the index has the new one', async () => {
  const { api, client, index } = library();
  await api.upload('trip/0.jpg', 'the old one, of another size');
  let asked = 0;
  const outcome = await addPictures(files.slice(0, 1), {
    ...options,
    client: {
      ...client,
      // The bucket has it at once; the index later.
      upload: async (body, about) => {
        await client.upload(body, about);
        await api.pictures.put(about.key, body as Uint8Array);
      },
      states: async (keys) => {
        const states = await client.states(keys);
        if (++asked === 2) void index();
        return states;
      },
    },
  });
  expect(outcome).toMatchObject({ added: ['trip/0.jpg'], pending: [] });
  expect(asked).toBeGreaterThan(2);
});

test('what the library has already is not uploaded again', async () => {
  const { api, asked, client } = library();
  await api.upload('trip/0.jpg', 'picture 0');
  const outcome = await addPictures(files.slice(0, 1), { ...options, client });
  expect(outcome).toMatchObject({ unchanged: ['trip/0.jpg'], added: [] });
  expect(asked).not.toContain('UPLOAD');
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

test('a look that fails ends it with that error, and only when the uploads that were under way have ended', async () => {
  const unheard: unknown[] = [];
  const note = (error: unknown) => void unheard.push(error);
  process.on('unhandledRejection', note);
  const { api, client } = library();
  const underWay = gate();
  let uploads = 0;
  const adding = addPictures(files.slice(0, 4), {
    ...options,
    atOnce: 1,
    force: true,
    client: {
      ...client,
      upload: async (body, { key }) => {
        if (++uploads === 2) await underWay.opened;
        await api.upload(key, body as Uint8Array);
      },
      states: async () => {
        setImmediate(underWay.open);
        throw new UsageError('no such address');
      },
    },
  });

  await expect(adding).rejects.toThrow('no such address');
  expect(uploads).toBe(4);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(unheard).toEqual([]);
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

test("a poll that fails is the command's failure, told when the uploads under way are done", async () => {
  const { client } = library();
  let done = 0;
  let failed: () => void = () => {};
  const hasFailed = new Promise<void>((resolve) => {
    failed = resolve;
  });
  const adding = addPictures(files.slice(0, 3), {
    ...options,
    force: true,
    atOnce: 1,
    client: {
      ...client,
      upload: async () => {
        // The first one is asked about while the second one is on its way.
        if (done === 1) await hasFailed;
        done++;
      },
      states: async () => {
        // After this turn, in which whoever does not listen would not hear of it.
        setImmediate(failed);
        throw new ProblemError({
          type: 'about:blank',
          title: 'this token may not look',
          status: 403,
          detail: '',
        });
      },
    },
  });
  // A rejection that nobody hears fails this file, as it would end the command with a stack trace.
  await expect(adding).rejects.toThrow('this token may not look');
  expect(done).toBe(3);
});
