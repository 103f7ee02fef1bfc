import { mkdir, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../cli/program.ts';
import type { Client } from '../../client/client.ts';
import { fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { countingEmbedder, type ServedFolder, servedFolder } from '../factories/serving.ts';

let library: ServedFolder;
let elsewhere: ServedFolder;
beforeEach(async () => {
  library = await servedFolder();
  elsewhere = await servedFolder();
});
afterEach(async () => {
  await library.remove();
  await rm(away(), { recursive: true, force: true });
  await elsewhere.remove();
});

const away = () => `${library.folder}-away`;
const indexFolder = () => join(elsewhere.folder, 'index');
const keys = async (client: Client) => (await client.images()).items.map(({ key }) => key);
const until = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 20_000, interval: 20 });
const untilReason = (client: Client, code: string) =>
  until(async () => expect((await client.health()).reasons?.map((reason) => reason.code)).toContain(code));
const untilHealthy = (client: Client) => until(async () => expect((await client.health()).status).toBe('ok'));

const ALL = ['a.png', 'b.png', 'trips/c.png'];
async function serveThree() {
  for (const [i, key] of ALL.entries()) await library.write(key, await picture(i));
  const embedder = countingEmbedder();
  const { client, serving } = await library.serve({ indexFolder: indexFolder(), embedder });
  expect(await keys(client)).toEqual(ALL);
  return { client, serving, embedder };
}

describe('a folder that goes away', () => {
  it('is not a deletion: nothing is forgotten, and it is watched and compared when it is back', async () => {
    const { client, embedder } = await serveThree();

    await rename(library.folder, away());
    await untilReason(client, 'folder-away');
    expect(await keys(client)).toEqual(ALL);
    await rename(away(), library.folder);
    await untilHealthy(client);
    expect(await keys(client)).toEqual(ALL);
    expect(embedder.count).toBe(3);

    await library.write('new.png', await picture(9));
    await until(async () => expect(await keys(client)).toContain('new.png'));
  });

  it('finds what changed in it while it was away', async () => {
    const { client } = await serveThree();
    await rename(library.folder, away());
    await untilReason(client, 'folder-away');

    await unlink(join(away(), 'a.png'));
    await writeFile(join(away(), 'd.png'), await picture(4));
    await rename(away(), library.folder);

    await until(async () => expect(await keys(client)).toEqual(['b.png', 'd.png', 'trips/c.png']));
  });

  it('takes no upload and no deletion meanwhile, and makes no folder in its place', async () => {
    const { client } = await serveThree();
    await rename(library.folder, away());
    await untilReason(client, 'folder-away');

    await expect(
      client.upload(await picture(5), { key: 'up.png', contentType: 'image/png' }),
    ).rejects.toThrow();
    await expect(client.delete('a.png')).rejects.toThrow();

    await rename(away(), library.folder);
    await untilHealthy(client);
    expect(await keys(client)).toEqual(ALL);
  });

  it('gets back nothing out of the trash, and no pictures of the demonstration, before it is there again', async () => {
    const { client, serving } = await serveThree();
    await client.delete('trips/c.png');
    await rename(library.folder, away());
    await untilReason(client, 'folder-away');
    // As a disk leaves it that is unmounted: what is written here is hidden when it is back.
    await mkdir(library.folder);

    const [{ id } = { id: '' }] = (await client.trash()).items;
    await expect(client.restore({ ids: [id] })).rejects.toThrow();
    const demo = await fetch(`${serving.url}/local/demo`, { method: 'POST' });
    expect(demo.status).toBe(503);

    expect(await readdir(library.folder)).toEqual([]);
    await rm(library.folder, { recursive: true });
    await rename(away(), library.folder);
    await untilHealthy(client);
    expect((await client.restore({ ids: [id] })).results).toEqual([{ key: 'trips/c.png', restored: true }]);
    await until(async () => expect(await keys(client)).toEqual(ALL));
  });

  it.each([
    ['an empty one', async () => {}],
    ['another one', async () => library.write('other.png', await picture(7))],
  ])('is not taken for %s at the start', async (_, fill) => {
    const { serving } = await serveThree();
    await serving.stop();
    await rename(library.folder, away());
    await mkdir(library.folder);
    await fill();

    const { client, serving: again } = await library.serve({ indexFolder: indexFolder() }, { idle: false });
    await untilReason(client, 'folder-away');
    expect(await keys(client)).toEqual(ALL);
    await rm(library.folder, { recursive: true });
    await rename(away(), library.folder);

    await again.idle();
    await untilHealthy(client);
    expect(await keys(client)).toEqual(ALL);
  });

  it('is waited for when it is not there at the start', async () => {
    const { serving } = await serveThree();
    await serving.stop();
    await rename(library.folder, away());

    const { client, serving: again } = await library.serve({ indexFolder: indexFolder() }, { idle: false });
    await untilReason(client, 'folder-away');
    await rename(away(), library.folder);

    await again.idle();
    expect(await keys(client)).toEqual(ALL);
  });

  it('is forgotten when somebody insists', async () => {
    const { serving } = await serveThree();
    await serving.stop();
    for (const key of ALL) await rm(join(library.folder, key));

    const { client } = await library.serve({ indexFolder: indexFolder(), forget: true });

    await until(async () => expect(await keys(client)).toEqual([]));
    await untilHealthy(client);
  });

  it('is known by its pictures when its device has another number now', async () => {
    const { serving, embedder } = await serveThree();
    await serving.stop();
    await writeFile(
      join(indexFolder(), '.folder.json'),
      JSON.stringify({ root: { dev: '1', ino: '1' }, mounts: {} }),
    );
    await unlink(join(library.folder, 'a.png'));

    const { client } = await library.serve({ indexFolder: indexFolder(), embedder });

    expect(await keys(client)).toEqual(['b.png', 'trips/c.png']);
    expect(embedder.count).toBe(3);
  });

  it('may be one that is mounted below: its pictures stay while it is not there', async () => {
    const { serving } = await serveThree();
    await serving.stop();
    // As the comparison writes it down when it comes upon another device.
    const seen = { root: { dev: '1', ino: '1' }, mounts: { 'trips/': { dev: '2', ino: '2' } } };
    await writeFile(join(indexFolder(), '.folder.json'), JSON.stringify(seen));
    await unlink(join(library.folder, 'trips/c.png'));
    await unlink(join(library.folder, 'a.png'));

    const { client } = await library.serve({ indexFolder: indexFolder() });

    await untilReason(client, 'folder-away');
    expect(await keys(client)).toEqual(['b.png', 'trips/c.png']);
    await expect(
      client.upload(await picture(5), { key: 'trips/up.png', contentType: 'image/png' }),
    ).rejects.toThrow();
    // A rebuild would embed the others again, and have nothing to make these of.
    const { code, said } = await rebuild();
    expect(said).toContain('nothing is forgotten');
    expect(code).not.toBe(0);
    expect(await keys(client)).toEqual(['b.png', 'trips/c.png']);
  });
});

/** The command, on this library. */
async function rebuild() {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const model = fakeEmbedder().model.modelId;
  const args = ['rebuild', library.folder, '--index', indexFolder(), '--model', model, '--yes'];
  const code = await run(args, { out: say, err: say, interactive: false });
  return { code, said: lines.join('\n') };
}

describe('many pictures that go at once', () => {
  it('wait, and are not forgotten when they come back', async () => {
    for (let i = 0; i < 30; i++) await library.write(`trips/${i}.png`, await picture(i));
    await library.write('stays.png', await picture(99));
    const embedder = countingEmbedder();
    const { client, serving } = await library.serve({
      embedder,
      patience: { secondLookMs: 3_000, manySecondLookMs: 600_000, lookEveryMs: 20 },
    });

    const trips = join(library.folder, 'trips');
    await rename(trips, join(library.folder, '.trips'));
    await untilReason(client, 'deletions-held');
    expect((await client.images()).total).toBe(31);
    await rename(join(library.folder, '.trips'), trips);

    await serving.idle();
    await untilHealthy(client);
    expect(embedder.count).toBe(31);
  });

  it('are forgotten after a while when they stay away', async () => {
    for (let i = 0; i < 30; i++) await library.write(`trips/${i}.png`, await picture(i));
    await library.write('stays.png', await picture(99));
    const { client } = await library.serve({ patience: { secondLookMs: 20, manySecondLookMs: 200 } });

    await rm(join(library.folder, 'trips'), { recursive: true });

    await until(async () => expect(await keys(client)).toEqual(['stays.png']));
    await untilHealthy(client);
  });
});
