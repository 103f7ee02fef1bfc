/** An index that stands in a folder of the library where everybody sees it is no part of the library. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Client } from '../../client/client.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

let library: ServedFolder;
let client: Client;
let url: string;

beforeEach(async () => {
  library = await servedFolder();
  await library.write('good.png', await picture(1));
  const served = await library.serve({ indexFolder: join(library.folder, 'index') });
  client = served.client;
  url = served.serving.url;
});
afterEach(() => library.remove());

it('takes no uploads into it, and the index goes on', async () => {
  const key = 'index/fake-00000000/rejected/zzz.png';
  const upload = client.upload(await picture(2), { key, contentType: 'image/png' });

  await expect(upload).rejects.toMatchObject({ status: 400 });
  expect(existsSync(join(library.folder, key))).toBe(false);
  expect((await client.rejected()).items).toEqual([]);
  expect((await client.images()).items.map((item) => item.key)).toEqual(['good.png']);
});

it('gives out and takes in nothing that lies in it', async () => {
  const key = 'index/planted.png';
  await library.write(key, await picture(3));
  await library.write('later.png', await picture(4));
  await expect.poll(async () => (await client.images()).items.length, { timeout: 30_000 }).toBe(2);

  expect((await client.images()).items.map((item) => item.key)).toEqual(['good.png', 'later.png']);
  for (const route of ['pictures', 'thumbnails'])
    expect((await fetch(`${url}/${route}/${key}`)).status).toBe(404);
  await client.delete(key).catch(() => {});
  expect(existsSync(join(library.folder, key))).toBe(true);
});
