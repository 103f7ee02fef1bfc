/** What a server makes of an index that somebody emptied, damaged, or wrote with a version that it does not know. */

import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCompact } from '../../functions/compact/handler.ts';
import { emptyIndex } from '../../pictures/maintenance/rebuild.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { FileStore } from '../../vectorlog/store/file-store.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

const { modelId } = fakeEmbedder().model;
const COUNT = 5;
let library: ServedFolder;
beforeEach(async () => {
  library = await servedFolder();
  for (let i = 0; i < COUNT; i++) await library.write(`${i}.png`, await picture(i));
});
afterEach(() => library.remove());

const folderOf = (name: string) => join(library.folder, '.likeness', modelId, name);
const index = () => prefixed(new FileStore(join(library.folder, '.likeness')), `${modelId}/`);
const compact = () => createCompact({ index: index(), modelId, clock: systemClock, logger: silentLogger })();
const patience = { compareEveryMs: 100, lookEveryMs: 20, secondLookMs: 20, visibilityMs: 50 };
const until = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 30_000, interval: 30 });

it('a rebuild that was killed after it had emptied the index is gone on with', async () => {
  const { client } = await library.serve({ patience });
  expect((await client.images()).total).toBe(COUNT);
  const pictures = new FileStore(library.folder, { ignoreHidden: true });
  // All that a rebuild does before it embeds.
  await emptyIndex({ pictures, index: index(), modelId, clock: systemClock }, { prefix: '', endings: 'all' });
  await until(async () => expect((await client.images()).total).toBe(COUNT));
  const { results } = await client.search({ image: await picture(3) }, { k: 1 });
  expect(results[0]!.key).toBe('3.png');
});

/** Compacts, ends the server, and spoils the highest manifest. @returns its path, its name and what it was */
async function spoilManifest(spoil: (text: string) => string) {
  const { serving } = await library.serve();
  await compact();
  await serving.stop();
  const [name] = (await readdir(folderOf('manifest'))).sort().slice(-1);
  const path = join(folderOf('manifest'), name!);
  const whole = await readFile(path, 'utf8');
  await rm(path);
  await writeFile(path, spoil(whole));
  return { path, name: name!, whole };
}

describe('a manifest that is damaged', () => {
  it('is said by health while searches and uploads go on, and stepped over by the next compaction', async () => {
    const { name } = await spoilManifest((text) => text.slice(0, text.length / 2));

    const { client } = await library.serve({ patience });
    await until(async () =>
      expect((await client.health()).reasons?.map(({ code }) => code)).toContain('manifest-unreadable'),
    );
    await client.upload(await picture(51), { key: 'up.png', contentType: 'image/png' });
    await until(async () => expect((await client.images()).total).toBe(COUNT + 1));
    expect((await client.similar('1.png')).results.length).toBeGreaterThan(0);

    await compact();
    // Health tells of the last look at the index.
    expect((await client.images()).total).toBe(COUNT + 1);
    expect((await client.health()).status).toBe('ok');
    expect((await readdir(folderOf('manifest'))).sort().at(-1)).not.toBe(name);
  });
});

describe('a manifest of an unknown format', () => {
  it('is said by API and health, and nothing is appended until it is mended', async () => {
    const { path, name, whole } = await spoilManifest((text) =>
      JSON.stringify({ ...JSON.parse(text), format: 99 }),
    );
    const log = await readdir(folderOf('log'));

    const { client } = await library.serve({ patience }, { idle: false });
    await expect(client.similar('1.png')).rejects.toMatchObject({
      status: 503,
      problem: { type: 'urn:likeness:problem:index-unusable', detail: expect.stringContaining(name) },
    });
    await until(async () => expect((await client.health()).status).toBe('degraded'));
    await library.write('new.png', await picture(50));
    await client.upload(await picture(51), { key: 'up.png', contentType: 'image/png' });
    await until(async () =>
      expect((await client.health()).reasons?.map(({ code }) => code)).toContain('indexing-failing'),
    );
    expect(await readdir(folderOf('log'))).toEqual(log);

    await rm(path);
    await writeFile(path, whole);
    await until(async () => {
      expect((await client.images()).total).toBe(COUNT + 2);
      expect((await client.health()).status).toBe('ok');
    });
  });
});
