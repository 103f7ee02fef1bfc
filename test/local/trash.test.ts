/** What is deleted or replaced through Likeness can be had back. */

import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../client/client.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import { FileStore } from '../../vectorlog/store/file-store.ts';
import { copyDurably } from '../../vectorlog/store/files/writing.ts';
import { fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

let library: ServedFolder;
let client: Client;
let url: string;
beforeEach(async () => {
  library = await servedFolder();
  await library.write('a/one.png', await picture(1));
  await library.write('two.png', await picture(2));
  const served = await library.serve();
  client = served.client;
  url = served.serving.url;
});
afterEach(() => library.remove());

const read = (key: string) => readFile(join(library.folder, key));
const untilIndexed = (key: string) =>
  vi.waitFor(async () => expect((await client.image(key)).state).toBe('indexed'), { timeout: 10_000 });

describe('the trash of a folder', () => {
  it('keeps what is deleted and gives it back as it was, with its time', async () => {
    const when = new Date('2020-05-06T07:08:09Z');
    await utimes(join(library.folder, 'a/one.png'), when, when);

    expect(await client.delete('a/one.png')).toMatchObject({ restorable: true });
    await expect(stat(join(library.folder, 'a/one.png'))).rejects.toThrow('ENOENT');
    const { items } = await client.trash();
    expect(items.map(({ key }) => key)).toEqual(['a/one.png']);

    expect(await client.restore({ ids: [items[0]!.id] })).toEqual({
      results: [{ key: 'a/one.png', restored: true }],
    });
    expect(await read('a/one.png')).toEqual(await picture(1));
    expect((await stat(join(library.folder, 'a/one.png'))).mtime).toEqual(when);
    expect((await client.trash()).items).toEqual([]);
    await untilIndexed('a/one.png');
  });

  it('knows pixels and day of what is deleted or replaced, as the index knew them', async () => {
    const facts = { width: 6_000, height: 4_000, taken: '2019-08-02T12:30:00' };
    const plain = fakeEmbedder();
    const embedder: typeof plain = {
      ...plain,
      embed: async (...asked) => (await plain.embed(...asked)).map((outcome) => ({ ...outcome, facts })),
    };
    ({ client } = await library.serve({ embedder }));
    const about = { key: 'new.png', contentType: 'image/png' };
    for (const seed of [3, 4]) {
      await client.upload(await picture(seed), about);
      await untilIndexed('new.png');
    }
    await client.delete('new.png');
    await client.delete('two.png');

    // Another server: it is written down.
    ({ client } = await library.serve());
    const { items } = await client.trash();
    expect(items.map(({ key, width, height, taken }) => ({ key, width, height, taken }))).toEqual([
      { key: 'two.png' },
      { key: 'new.png', ...facts },
      { key: 'new.png', ...facts },
    ]);
  });

  it('asks the index about many pictures once while it is being loaded, and the store about none that is in memory', async () => {
    const keys = Array.from({ length: 4 }, (_, i) => `of-many-${i}.png`);
    for (const [i, key] of keys.entries()) await library.write(key, await picture(10 + i));
    await Promise.all(keys.map(untilIndexed));
    const { read } = LiveIndex.prototype;
    const asked: string[] = [];
    const asking = vi.spyOn(LiveIndex.prototype, 'read');
    try {
      asking.mockImplementation(function (this: LiveIndex, consistency, work) {
        asked.push(consistency);
        return read.call(this, consistency, work) as never;
      });
      for (const key of keys.slice(0, 2)) await client.delete(key);
      expect(asked).toEqual(['eventual', 'eventual']);

      asking.mockClear().mockImplementation(() => new Promise(() => {}));
      for (const key of keys.slice(2)) await client.delete(key);
      expect(asking).toHaveBeenCalledTimes(1);
    } finally {
      asking.mockRestore();
    }
    expect((await client.trash()).items.map(({ key }) => key)).toEqual(keys.toReversed());
  });

  it('undoes the last deletion of a key', async () => {
    await client.delete('two.png');
    expect((await client.restore({ keys: ['two.png', 'never.png'] })).results).toMatchObject([
      { key: 'two.png', restored: true },
      { key: 'never.png', restored: false },
    ]);
    expect(await read('two.png')).toEqual(await picture(2));
  });

  it('keeps what another program puts in the place of a picture while that is deleted', async () => {
    const kept: string[] = [];
    const store = new FileStore(library.folder, {
      ignoreHidden: true,
      sideFolder: join(library.folder, '.likeness/.uploads'),
      keep: async ({ path }) => {
        kept.push(await readFile(path, 'utf8'));
        // As an editor saves: a new file takes the place of the old one.
        if (kept.length === 1) {
          await writeFile(join(library.folder, '.new'), 'saved a moment later');
          await rename(join(library.folder, '.new'), path);
        }
        return { gone: async () => {}, doubt: () => {} };
      },
    });
    await library.write('note.png', 'first');
    await store.delete(['note.png']);
    expect(kept).toEqual(['first', 'saved a moment later']);

    await library.write('note.png', 'first');
    kept.length = 0;
    await store.put('note.png', new TextEncoder().encode('uploaded'));
    expect(kept).toEqual(['first', 'saved a moment later']);
    expect(await readFile(join(library.folder, 'note.png'), 'utf8')).toBe('uploaded');
  });

  it('keeps a picture that an upload replaces, with its metadata, and never restores over another', async () => {
    const about = { key: 'new.png', contentType: 'image/png' };
    await client.upload(await picture(3), { ...about, metadata: { album: 'first' } });
    await client.upload(await picture(4), about);

    const { items } = await client.trash();
    expect(items.map(({ key }) => key)).toEqual(['new.png']);
    const ids = [items[0]!.id];
    expect((await client.restore({ ids })).results).toMatchObject([{ key: 'new.png', restored: false }]);
    expect(await read('new.png')).toEqual(await picture(4));

    await client.delete('new.png');
    await client.restore({ ids });
    expect(await read('new.png')).toEqual(await picture(3));
    // Until the deletion is known, the picture that was deleted counts as indexed.
    await vi.waitFor(
      async () =>
        expect(await client.image('new.png')).toMatchObject({
          state: 'indexed',
          metadata: { album: 'first' },
        }),
      { timeout: 20_000, interval: 30 },
    );
  });

  it('is emptied by hand and by age, and only when it is said what', async () => {
    await client.delete('a/one.png');
    await client.delete('two.png');
    const [last, first] = (await client.trash()).items;

    expect(await client.emptyTrash({ before: first!.deletedAt })).toEqual({ pictures: 0, bytes: 0 });
    expect(await client.emptyTrash({ ids: [last!.id, '../../a'] })).toEqual({
      pictures: 1,
      bytes: last!.size,
    });
    const nothingSaid = await fetch(`${url}/v1/trash/empty`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(nothingSaid.status).toBe(400);
    expect((await client.trash()).items).toHaveLength(1);
    expect(await client.emptyTrash({ all: true })).toMatchObject({ pictures: 1 });
    expect(await readdir(join(library.folder, '.likeness', '.trash'))).toEqual([]);
  });

  it('lists page by page', async () => {
    await client.delete('a/one.png');
    await client.delete('two.png');
    const first = await client.trash({ limit: 1 });
    const second = await client.trash({ limit: 1, cursor: first.cursor! });
    expect([...first.items, ...second.items].map(({ key }) => key)).toEqual(['two.png', 'a/one.png']);
    expect(second.cursor).toBeUndefined();
    const never = Buffer.from('../index').toString('base64url');
    await expect(client.trash({ cursor: never })).rejects.toMatchObject({ code: 'invalid-request' });
  });
});

describe('copyDurably, for a trash on another disk', () => {
  it('makes a copy with the bytes and the time of the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'likeness-test-'));
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    await writeFile(from, await picture(5));
    await utimes(from, 1_500_000_000, 1_500_000_000);
    await copyDurably(from, to);
    expect(await readFile(to)).toEqual(await picture(5));
    expect((await stat(to)).mtimeMs).toBe(1_500_000_000_000);
    await expect(copyDurably(from, to)).rejects.toThrow('EEXIST');
    await rm(folder, { recursive: true });
  });
});
