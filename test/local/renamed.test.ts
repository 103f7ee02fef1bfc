/** Renamed pictures keep their embeddings: watched, or found by the next start. */

import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../client/client.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import { fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

const COUNT = 15;
/** More than a fifth of the library at once, and far more than a batch of pictures that are embedded. */
const MANY = 200;
let library: ServedFolder;
let embedded: number;
beforeEach(async () => {
  embedded = 0;
  library = await servedFolder();
  for (let i = 0; i < COUNT; i++) await library.write(`old/${i}.png`, await distinct(i));
});
afterEach(() => library.remove());

/** A picture of a length of its own: what is written within one tick of the file system's clock has one time. */
const distinct = async (i: number) => Buffer.concat([await picture(i), Buffer.alloc(i * 64)]);

/** Counts what it embeds, and tells the size as the real one does. */
function counting(): Embedder {
  const embedder = fakeEmbedder();
  const facts = { width: 4, height: 3 };
  return {
    ...embedder,
    embed: async (pictures, options) => {
      const outcomes = await embedder.embed(pictures, options);
      if (!options?.crop) embedded += pictures.length;
      return outcomes.map((outcome) => (outcome.rejected ? outcome : { ...outcome, facts }));
    },
  };
}

// Patient enough for a file under its new name to be there for some time before the old one is given up.
const serve = () =>
  library.serve({ embedder: counting(), patience: { secondLookMs: 5_000, lookEveryMs: 50 } });
const keysOf = async (client: Client) => (await client.images({ limit: 1_000 })).items.map(({ key }) => key);

const appends = async () =>
  (await readdir(join(library.folder, '.likeness', fakeEmbedder().model.modelId, 'log'))).length;

const untilIn = (client: Client, folder: string, count = COUNT) =>
  vi.waitFor(
    async () => {
      const keys = await keysOf(client);
      expect(keys.length).toBe(count);
      expect(keys.every((key) => key.startsWith(folder))).toBe(true);
    },
    { timeout: 40_000, interval: 50 },
  );

const move = (from: string, to: string) => rename(join(library.folder, from), join(library.folder, to));

describe('renamed pictures', () => {
  it('keep their embeddings and what is known of them, and are found by their looks', async () => {
    const { client } = await serve();
    expect(embedded).toBe(COUNT);
    await move('old', 'new');
    await untilIn(client, 'new/');
    expect(embedded).toBe(COUNT);
    const { results } = await client.search({ image: await picture(7) }, { k: 1 });
    expect(results[0]).toMatchObject({ key: 'new/7.png', width: 4, height: 3 });
  });

  it('take few appends and no minute of patience, however many they are', async () => {
    for (let i = 0; i < MANY; i++) await library.write(`old/${i}.png`, await distinct(i));
    const { client } = await library.serve({
      embedder: counting(),
      // Who is held back for being many is held back for longer than this test.
      patience: { secondLookMs: 100, manySecondLookMs: 3_600_000, lookEveryMs: 50 },
    });
    const before = await appends();
    await move('old', 'new');
    await untilIn(client, 'new/', MANY);
    expect(embedded).toBe(MANY);
    expect((await appends()) - before).toBeLessThan(MANY / 10);
    expect((await client.health()).status).toBe('ok');
  });

  it('keep them also when nobody watched', async () => {
    const { serving } = await serve();
    await serving.stop();
    await move('old', 'new');
    const { client } = await serve();
    await untilIn(client, 'new/');
    expect(embedded).toBe(COUNT);
  });

  it('are embedded anew where times are of whole seconds, which two pictures may share', async () => {
    for (let i = 0; i < COUNT; i++)
      await utimes(join(library.folder, `old/${i}.png`), 1_700_000_000, 1_700_000_000);
    const { client } = await serve();
    await move('old', 'new');
    await untilIn(client, 'new/');
    expect(embedded).toBe(2 * COUNT);
  });

  it('are never taken for one another when they have one length and one time', async () => {
    const two = await Promise.all([picture(1_001), picture(1_002)]);
    const length = Math.max(...two.map((bytes) => bytes.length));
    for (const [i, bytes] of two.entries()) {
      // What stands behind the end of a PNG is nobody's.
      await library.write(`twins/${i}.png`, Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]));
      await utimes(join(library.folder, `twins/${i}.png`), 1_700_000_000.25, 1_700_000_000.25);
    }
    const { client } = await serve();
    await move('twins', 'renamed');
    await vi.waitFor(
      async () => {
        const keys = await keysOf(client);
        expect(keys.filter((key) => !key.startsWith('old/'))).toEqual(['renamed/0.png', 'renamed/1.png']);
      },
      { timeout: 40_000, interval: 50 },
    );
    for (const [i, image] of two.entries()) {
      const { results } = await client.search({ image }, { k: 1 });
      expect(results).toMatchObject([{ key: `renamed/${i}.png`, score: expect.closeTo(1, 4) }]);
    }
  });

  it('are embedded anew where another file takes the name with other bytes', async () => {
    const { client } = await serve();
    const { mtimeMs } = await stat(join(library.folder, 'old/1.png'));
    await rm(join(library.folder, 'old/1.png'));
    await library.write('old/other.png', await picture(99));
    await utimes(join(library.folder, 'old/other.png'), mtimeMs / 1_000 + 0.5, mtimeMs / 1_000 + 0.5);
    await vi.waitFor(async () => expect(await keysOf(client)).toContain('old/other.png'), {
      timeout: 40_000,
    });
    const { results } = await client.search({ image: await picture(99) }, { k: 1 });
    expect(results[0]!.key).toBe('old/other.png');
    expect(embedded).toBeGreaterThan(COUNT);
  });
});
