import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../client/client.ts';
import { createCompact } from '../../functions/compact/handler.ts';
import { PortTaken } from '../../local/listen.ts';
import { AlreadyServed } from '../../local/lock.ts';
import { FolderUnusable } from '../../local/serve.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { FileStore } from '../../vectorlog/store/file-store.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { badPicture, fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { countingEmbedder, type ServedFolder, servedFolder } from '../factories/serving.ts';

let library: ServedFolder;
beforeEach(async () => {
  library = await servedFolder();
});
afterEach(() => library.remove());

const keys = async (client: Client) => (await client.images()).items.map(({ key }) => key);

/** Waits until the index has exactly these keys. */
const untilKeys = (client: Client, expected: readonly string[]) =>
  vi.waitFor(async () => expect(await keys(client)).toEqual(expected), { timeout: 20_000, interval: 50 });

/** Another program that takes its time, as a copy from a camera does. */
async function writeSlowly(
  name: string,
  bytes: Buffer,
  { parts, pauseMs }: { parts: number; pauseMs: number },
) {
  const script = `
    const fs = require('node:fs');
    const bytes = Buffer.from(process.argv[1], 'base64');
    const file = fs.openSync(process.argv[2], 'w');
    let at = 0;
    const timer = setInterval(() => {
      at += fs.writeSync(file, bytes, at, Math.min(Math.ceil(bytes.length / ${parts}), bytes.length - at));
      if (at === bytes.length) { fs.closeSync(file); clearInterval(timer); }
    }, ${pauseMs});`;
  const path = join(library.folder, name);
  await promisify(execFile)(process.execPath, ['-e', script, bytes.toString('base64'), path]);
}

const compactNow = () =>
  createCompact({
    index: prefixed(new FileStore(join(library.folder, '.likeness')), `${fakeEmbedder().model.modelId}/`),
    modelId: fakeEmbedder().model.modelId,
    clock: systemClock,
    logger: silentLogger,
  })();

describe('serveFolder at the end', () => {
  it.skipIf(process.platform === 'win32')('leaves behind what a file system never answers', async () => {
    const { serving } = await library.serve({ patience: { stopMs: 500 } });
    const lock = join(library.folder, '.likeness', '.server.json');
    await rm(lock);
    // Who opens a pipe that nobody writes to waits, as for a share that hangs.
    await promisify(execFile)('mkfifo', [lock]);
    await serving.stop();
    await writeFile(lock, '{}');
  });
});

describe('serveFolder at the start', () => {
  it('indexes the pictures of the folder and leaves everything else alone', async () => {
    await library.write('a.png', await picture(1));
    await library.write('trips/été 1/b.JPG', await picture(2, 'jpeg'));
    await library.write('README.txt', 'about these pictures');
    await library.write('film.mov', 'no picture either');
    await library.write('.hidden/c.png', await picture(3));
    await library.write('trips/.d.png', await picture(4));

    const { client } = await library.serve();

    expect(await keys(client)).toEqual(['a.png', 'trips/été 1/b.JPG']);
    expect((await client.rejected()).items).toEqual([]);
  });

  it('finds what came, changed and went while nobody watched, and embeds nothing else again', async () => {
    for (const [i, name] of ['stays', 'changes', 'goes', 'moves'].entries()) {
      await library.write(`${name}.png`, await picture(i));
    }
    await library.serve();
    const embedder = countingEmbedder();
    const { serving } = await library.serve({ embedder });
    expect(embedder.count).toBe(0);
    await serving.stop();

    await library.write('changes.png', await picture(10));
    await library.write('comes.png', await picture(11));
    await unlink(join(library.folder, 'goes.png'));
    await rename(join(library.folder, 'moves.png'), join(library.folder, 'moved.png'));
    const { client, serving: again } = await library.serve({ embedder });

    expect(await again.compared).toEqual({ toIndex: 3, toForget: 2 });
    expect(await keys(client)).toEqual(['changes.png', 'comes.png', 'moved.png', 'stays.png']);
    expect(embedder.count).toBe(3);
    const { results } = await client.search({ image: await picture(10) }, { k: 1 });
    expect(results[0]).toMatchObject({ key: 'changes.png', score: expect.closeTo(1, 4) });
  });

  it('says how much there is to do before it does any of it', async () => {
    for (let i = 0; i < 5; i++) await library.write(`${i}.png`, await picture(i));
    const embedder = countingEmbedder();
    const told: unknown[] = [];
    const onCompared = (differences: unknown) => void told.push([differences, embedder.count]);
    await library.serve({ embedder, onCompared });

    expect(told).toEqual([[{ toIndex: 5, toForget: 0 }, 0]]);
    expect(embedder.count).toBe(5);
  });

  it('does not try a picture again that it rejected, until the picture changes', async () => {
    await library.write('bad.png', badPicture());
    await library.serve();
    const embedder = countingEmbedder();

    const { serving } = await library.serve({ embedder });
    expect(embedder.count).toBe(0);
    await serving.stop();
    await library.write('bad.png', await picture(1));
    const { client } = await library.serve({ embedder });

    expect(embedder.count).toBe(1);
    expect(await keys(client)).toEqual(['bad.png']);
  });

  it('forgets a rejected picture that went while nobody watched', async () => {
    await library.write('bad.png', badPicture());
    await library.write('good.png', await picture(1));
    const { serving } = await library.serve();
    await serving.stop();
    await unlink(join(library.folder, 'bad.png'));

    const { client } = await library.serve();

    expect((await client.rejected()).items).toEqual([]);
  });

  it('keeps the index elsewhere when told so, and never takes its files for pictures', async () => {
    await library.write('a.png', await picture(1));
    const indexFolder = join(library.folder, 'my index');
    const { serving } = await library.serve({ indexFolder });
    expect((await fetch(`${serving.url}/thumbnails/a.png?size=160`)).status).toBe(200);

    const { client, serving: again } = await library.serve({ indexFolder });

    expect(await again.compared).toEqual({ toIndex: 0, toForget: 0 });
    expect(await keys(client)).toEqual(['a.png']);

    // Nor does it take any there, as whoever uploads would write into the index.
    const about = { key: 'my index/b.png', contentType: 'image/png' };
    await expect(client.upload(await picture(2), about)).rejects.toMatchObject({ status: 400 });
    expect(existsSync(join(indexFolder, 'b.png'))).toBe(false);
  });

  it('answers a search by key while pictures that are searched by wait for the network', async () => {
    // Prepare
    for (const i of [1, 2]) await library.write(`${i}.png`, await picture(i));
    const fake = fakeEmbedder();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let urgent = 0;
    const embed: typeof fake.embed = async (pictures, options) => {
      if (options?.urgent) urgent++;
      if (options?.urgent) await held;
      return fake.embed(pictures, options);
    };
    const { client } = await library.serve({ embedder: { ...fake, embed } });
    const image = await picture(3);

    // Act
    const searches = Array.from({ length: 8 }, () => client.search({ image }));
    await vi.waitFor(() => expect(urgent).toBe(4));
    const { results } = await client.similar('1.png');

    // Assess
    expect(results.map(({ key }) => key)).toEqual(['2.png']);
    release();
    expect(await Promise.all(searches)).toHaveLength(8);
  });

  it('says what is wrong with a folder or a port, and leaves nothing running', async () => {
    const { serving } = await library.serve();
    const port = Number(new URL(serving.url).port);
    const other = await servedFolder();

    await expect(other.serve({ port })).rejects.toThrow(PortTaken);
    await expect(other.serve({ folder: join(other.folder, 'nowhere') })).rejects.toThrow(FolderUnusable);
    await expect(other.serve({ folder: library.folder })).rejects.toThrow(AlreadyServed);

    await other.serve();
    await other.remove();
  });
});

describe('serveFolder after the clock was set back', () => {
  afterEach(() => void vi.useRealTimers());

  it('finds a picture that was deleted before and is put again', async () => {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now });
    const about = { key: 'a.png', contentType: 'image/png' };
    const { client, serving } = await library.serve();
    await client.upload(await picture(1), about);
    await untilKeys(client, ['a.png']);
    await client.delete('a.png');
    await untilKeys(client, []);
    await compactNow();
    await serving.stop();

    vi.setSystemTime(now - 24 * 3_600_000);
    const { client: again } = await library.serve();
    await again.upload(await picture(2), about);
    await untilKeys(again, ['a.png']);
  });
});

describe('serveFolder while it runs', () => {
  it('follows files that appear, change, move and go', async () => {
    const { client } = await library.serve();

    await library.write('new/deep/a.png', await picture(1));
    await library.write('b.png', await picture(2));
    await untilKeys(client, ['b.png', 'new/deep/a.png']);

    await library.write('b.png', await picture(3));
    await vi.waitFor(
      async () => {
        const { results } = await client.search({ image: await picture(3) }, { k: 1 });
        expect(results[0]).toMatchObject({ key: 'b.png', score: expect.closeTo(1, 4) });
      },
      { timeout: 20_000, interval: 50 },
    );

    await rename(join(library.folder, 'new'), join(library.folder, 'old'));
    await untilKeys(client, ['b.png', 'old/deep/a.png']);

    await rm(join(library.folder, 'old'), { recursive: true });
    await untilKeys(client, ['b.png']);
  });

  it('waits for a file to be written to its end', async () => {
    const embedder = countingEmbedder();
    const { client } = await library.serve({ embedder });
    await writeSlowly('slow.png', await picture(1), { parts: 8, pauseMs: 100 });
    await untilKeys(client, ['slow.png']);

    // Once for the whole file; once more at the most, should the machine have kept the writer waiting.
    expect(embedder.count).toBeLessThanOrEqual(2);
  });

  it('keeps what it has of a picture while another is written in its place', async () => {
    const [before, after] = await Promise.all([picture(1), picture(2)]);
    await library.write('a.png', before);
    const { client } = await library.serve();
    const found = new Set<string>();
    let isWritten = false;
    const looking = (async () => {
      while (!isWritten) found.add(`${await keys(client)}`);
    })();
    // Between the parts more time passes than a new file is given.
    await writeSlowly('a.png', after, { parts: 3, pauseMs: 600 });
    isWritten = true;
    await looking;
    await vi.waitFor(
      async () =>
        expect((await client.search({ image: after }, { k: 1 })).results).toMatchObject([
          { key: 'a.png', score: expect.closeTo(1, 4) },
        ]),
      { timeout: 20_000, interval: 50 },
    );
    expect([...found]).toEqual(['a.png']);
    expect((await client.rejected()).items).toEqual([]);
  });

  it('takes an upload before hundreds of files that came just before it', async () => {
    let goOn: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const embedded: Uint8Array[] = [];
    const fake = fakeEmbedder();
    const embed: Embedder['embed'] = async (pictures, options) => {
      embedded.push(...pictures);
      await held;
      return fake.embed(pictures, options);
    };
    const { client, serving } = await library.serve({ embedder: { ...fake, embed } });
    const count = 300;
    for (let i = 0; i < count; i++) await library.write(`new/${i}.png`, await picture(i));
    await vi.waitFor(() => expect(serving.queue.pending).toBe(count), { timeout: 20_000 });

    const image = await picture(1_000);
    await client.upload(image, { key: 'up.png', contentType: 'image/png' });
    await vi.waitFor(() => expect(serving.queue.pending).toBe(count + 1), { timeout: 20_000 });
    goOn();
    await serving.idle();

    const place = embedded.findIndex((bytes) => image.equals(bytes));
    expect(embedded).toHaveLength(count + 1);
    expect(place).toBeGreaterThan(0);
    expect(place).toBeLessThan(50);
  });

  it('costs a bad picture one entry, and its neighbours nothing', async () => {
    const { client } = await library.serve();
    await mkdir(join(library.folder, 'mixed'));

    await library.write('mixed/bad.png', badPicture());
    await library.write('mixed/empty.png', '');
    for (let i = 0; i < 5; i++) await library.write(`mixed/good${i}.png`, await picture(i));

    await untilKeys(
      client,
      [0, 1, 2, 3, 4].map((i) => `mixed/good${i}.png`),
    );
    await vi.waitFor(async () => {
      const { items } = await client.rejected();
      expect(items.map(({ key, reason }) => [key, reason.code])).toEqual([
        ['mixed/bad.png', 'not-an-image'],
        ['mixed/empty.png', 'empty'],
      ]);
    });
  });

  it('finds an upload before any compaction, after it, and after a restart', async () => {
    const { client, serving } = await library.serve();
    const found = async (by: Client) =>
      (await by.search({ image: await picture(7, 'webp') }, { k: 1 })).results[0]?.key;

    await client.upload(await picture(7), {
      key: 'up/loaded.png',
      contentType: 'image/png',
      metadata: { album: 'a' },
    });
    await serving.idle();
    await untilKeys(client, ['up/loaded.png']);
    expect((await client.stats()).index.generation).toBe(0);
    expect(await found(client)).toBe('up/loaded.png');

    await compactNow();
    expect((await client.stats()).index.generation).toBe(1);
    expect(await found(client)).toBe('up/loaded.png');

    const { client: again, serving: second } = await library.serve();
    expect(await second.compared).toEqual({ toIndex: 0, toForget: 0 });
    expect(await found(again)).toBe('up/loaded.png');
    expect(await again.image('up/loaded.png')).toMatchObject({
      metadata: { album: 'a' },
      contentType: 'image/png',
    });
  });

  it('deletes the file itself and forgets it', async () => {
    await library.write('a.png', await picture(1));
    await library.write('b.png', await picture(2));
    const { client } = await library.serve();

    await client.delete('a.png');

    await untilKeys(client, ['b.png']);
    expect(await client.image('a.png')).toEqual({ state: 'absent', key: 'a.png' });
  });

  it('writes no upload that cannot be indexed, and leaves the picture that it would have replaced', async () => {
    await library.write('a.jpg', await picture(1, 'jpeg'));
    const { client } = await library.serve();
    const cut = (await picture(2, 'jpeg')).subarray(0, 300);
    for (const key of ['a.jpg', 'new/b.jpg'])
      for (const body of [Buffer.from('text, whatever its name says'), cut])
        await expect(client.upload(body, { key, contentType: 'image/jpeg' })).rejects.toMatchObject({
          status: 415,
          code: 'picture-rejected',
        });
    expect(await keys(client)).toEqual(['a.jpg']);
    expect(await readFile(join(library.folder, 'a.jpg'))).toEqual(await picture(1, 'jpeg'));
    expect((await readdir(library.folder)).filter((name) => !name.startsWith('.'))).toEqual(['a.jpg']);
    expect((await client.rejected()).items).toEqual([]);
  });

  it('refuses an upload that could only be kept beside the index', async () => {
    await library.write('a.png', await picture(1));
    await mkdir(join(library.folder, 'b.png'));
    const { client } = await library.serve();

    // The last one is longer than names are.
    for (const key of ['a.png/b.png', 'b.png', `${'c'.repeat(260)}.png`])
      await expect(client.upload(await picture(2), { key, contentType: 'image/png' })).rejects.toMatchObject({
        status: 400,
      });

    expect(await readdir(join(library.folder, '.likeness/.uploads/odd'))).toEqual([]);
    await untilKeys(client, ['a.png']);
  });
});
