/** File systems that lack what the index builds on, and an index that stands on another disk than the pictures. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FolderUnusable } from '../../local/serve.ts';
import { draftPath } from '../../vectorlog/store/files/writing.ts';
import { picture } from '../factories/pictures.ts';
import { countingEmbedder, type ServedFolder, servedFolder } from '../factories/serving.ts';

/** What the disks of a test cannot do; by default all is one disk that can do everything. */
const disks = vi.hoisted(() => ({
  /** Where one file cannot have two names, as on exFAT and some shares. */
  withoutLinks: [] as string[],
  /** What the system says then. */
  noLink: 'EPERM',
  /** A folder whose disk takes upper and lower case for the same. */
  caseless: undefined as string | undefined,
  /** A folder whose share has broken off. */
  broken: undefined as string | undefined,
  /** A folder that is a disk of its own. */
  apart: undefined as string | undefined,
  /** Folders that something is mounted at which is on the same disk as all else. */
  bound: [] as string[],
  /** A folder on a card: some characters are in no name there, and a name has no full stop at its end. */
  card: undefined as string | undefined,
  /** What the system says of a name that is none there. */
  noName: 'EINVAL',
  /** Nothing is free on any of them. */
  full: false,
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refusal = (code: string, call: string) =>
    Object.assign(new Error(`${code}: not possible on this disk, ${call}`), { code, syscall: call });
  const isBroken = (path: string) => disks.broken !== undefined && path.startsWith(disks.broken);
  const readdir = async (path: string, options: object) => {
    if (isBroken(path)) throw refusal('ENOTCONN', 'scandir');
    return real.readdir(path, options);
  };
  const isApart = (path: string) => disks.apart !== undefined && path.startsWith(disks.apart);
  /** As mountinfo has it: a blank in a path is written in octal digits. */
  const readFile = async (path: string, options: 'utf8') =>
    path === '/proc/self/mountinfo'
      ? disks.bound
          .map((at) => `42 27 254:0 /any ${at.replace(' ', '\\040')} rw - ext4 /dev/vda rw`)
          .join('\n')
      : real.readFile(path, options);
  const mountOf = (path: string) => disks.bound.find((at) => path.startsWith(`${at}/`));
  const onCard = (path: string) => disks.card !== undefined && path.startsWith(`${disks.card}/`);
  const assertName = (path: string, call: string) => {
    if (onCard(path) && /[?:*]/.test(path)) throw refusal(disks.noName, call);
  };
  const mkdir = async (path: string, options?: { recursive: true }) => {
    assertName(path, 'mkdir');
    return real.mkdir(onCard(path) ? path.replace(/\.+$/, '') : path, options);
  };
  const rmdir = (path: string) => real.rmdir(onCard(path) ? path.replace(/\.+$/, '') : path);
  const checked = (call: 'link' | 'rename') => async (from: string, to: string) => {
    assertName(to, call);
    if (isApart(from) !== isApart(to) || mountOf(from) !== mountOf(to)) throw refusal('EXDEV', call);
    if (call === 'link' && disks.withoutLinks.some((folder) => to.startsWith(folder)))
      throw refusal(disks.noLink, call);
    return real[call](from, to);
  };
  /** Another disk has another number. */
  const numbered = (call: 'stat' | 'lstat') => async (path: string, options?: { bigint: true }) => {
    if (isBroken(path)) throw refusal('ENOTCONN', call);
    if (onCard(path)) path = path.replace(/\.+(?=\/|$)/g, '');
    const lower = disks.caseless !== undefined && path.startsWith(disks.caseless);
    const found = lower ? disks.caseless + path.slice(disks.caseless!.length).toLowerCase() : path;
    const stats = await real[call](found, options);
    return isApart(path) ? Object.assign(stats, { dev: options ? 1n : 1 }) : stats;
  };
  const statfs = async (path: string) =>
    Object.assign(await real.statfs(path), disks.full && { bavail: 0, bfree: 0 });
  return {
    ...real,
    link: checked('link'),
    rename: checked('rename'),
    stat: numbered('stat'),
    lstat: numbered('lstat'),
    readdir,
    readFile,
    mkdir,
    rmdir,
    statfs,
  };
});

let library: ServedFolder;
let indexFolder: string;
beforeEach(async () => {
  library = await servedFolder();
  indexFolder = await mkdtemp(join(tmpdir(), 'likeness-other-disk-'));
});
afterEach(async () => {
  disks.withoutLinks = [];
  disks.apart = undefined;
  disks.full = false;
  disks.noLink = 'EPERM';
  disks.caseless = undefined;
  disks.broken = undefined;
  disks.bound = [];
  disks.card = undefined;
  await library.remove();
  await rm(indexFolder, { recursive: true, force: true });
});

it('an index on a disk without hard links is refused in a sentence, before a picture is embedded', async () => {
  await library.write('a.png', await picture(1));
  disks.withoutLinks = [indexFolder];
  const embedder = countingEmbedder();

  const refused = library.serve({ indexFolder, embedder });

  await expect(refused).rejects.toBeInstanceOf(FolderUnusable);
  await expect(refused).rejects.toThrow(
    /cannot hold an index: .*hard links.*choose another place with --index/,
  );
  expect(embedder.count).toBe(0);
});

it('an index without space to fold the log says so, is searched in full, and folds when there is some', async () => {
  await library.write('a.png', await picture(1));
  disks.full = true;
  const { client } = await library.serve({ indexFolder, compactEveryMs: 50 });
  const until = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 20_000, interval: 30 });

  await until(async () =>
    expect((await client.health()).reasons).toMatchObject([
      { code: 'compaction-failing', message: expect.stringContaining('0 MiB are free') },
    ]),
  );
  await library.write('b.png', await picture(2));
  await until(async () => expect((await client.images()).total).toBe(2));
  expect((await client.stats()).index.generation).toBe(0);

  disks.full = false;
  await until(async () => expect((await client.stats()).index.generation).toBeGreaterThan(0));
  await until(async () => expect((await client.health()).status).toBe('ok'));
});

it('an upload that another file has under another spelling is refused, where a disk takes both for the same', async () => {
  await library.write('trips/there.png', await picture(1));
  const { client } = await library.serve({ indexFolder });
  disks.caseless = library.folder;

  for (const key of ['trips/There.PNG', 'Trips/new.png'])
    await expect(client.upload(await picture(2), { key, contentType: 'image/png' })).rejects.toThrow(
      /under another spelling/,
    );

  expect(await readFile(join(library.folder, 'trips/there.png'))).toEqual(await picture(1));
  expect(await readdir(join(indexFolder, '.uploads/odd'))).toEqual([]);
});

it('a share below that has broken off costs the others nothing, and is forgotten no more than one that is away', async () => {
  await library.write('nas/far.png', await picture(1));
  await library.write('zoo.png', await picture(2));
  const { serving } = await library.serve({ indexFolder });
  await serving.stop();
  await rm(join(library.folder, 'zoo.png'));
  await library.write('new.png', await picture(3));
  disks.broken = join(library.folder, 'nas');
  const { client } = await library.serve({ indexFolder });
  const untilKeys = (keys: readonly string[]) =>
    vi.waitFor(async () => expect((await client.images()).items.map(({ key }) => key)).toEqual(keys), {
      timeout: 20_000,
      interval: 30,
    });

  await untilKeys(['nas/far.png', 'new.png']);
  await library.write('newer.png', await picture(4));
  await untilKeys(['nas/far.png', 'new.png', 'newer.png']);
  expect((await client.health()).reasons).toMatchObject([
    { code: 'folder-unreadable', message: expect.stringContaining('nas/ cannot be read') },
  ]);
});

it('a folder below that is mounted from the same disk is no more forgotten than a disk when it is unmounted', async () => {
  const far = join(library.folder, 'far away');
  await library.write('near.png', await picture(1));
  await library.write('far away/far.png', await picture(2));
  disks.bound = [far];
  const { client } = await library.serve({ indexFolder });
  const about = { contentType: 'image/png' };
  for (const key of ['up.png', 'far away/up.png', 'far away/new/up.png'])
    await client.upload(await picture(3), { ...about, key });
  const all = ['far away/far.png', 'far away/new/up.png', 'far away/up.png', 'near.png', 'up.png'];
  const untilAll = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 20_000, interval: 30 });
  const keys = async () => (await client.images()).items.map(({ key }) => key);
  await untilAll(async () => expect(await keys()).toEqual(all));

  await rename(far, join(indexFolder, 'mounted elsewhere'));
  await mkdir(far);
  disks.bound = [];
  await untilAll(async () =>
    expect((await client.health()).reasons).toMatchObject([
      { code: 'folder-away', message: expect.stringContaining('far away/ is empty') },
    ]),
  );
  await expect(client.upload(await picture(4), { ...about, key: 'far away/late.png' })).rejects.toThrow();
  expect(await readdir(far)).toEqual([]);
  expect(await keys()).toEqual(all);

  await rmdir(far);
  await rename(join(indexFolder, 'mounted elsewhere'), far);
  disks.bound = [far];
  await untilAll(async () => expect((await client.health()).status).toBe('ok'));
  expect(await keys()).toEqual(all);
});

it.each(['EINVAL', 'ENOENT', 'EILSEQ', 'ENAMETOOLONG'])(
  'an upload that the disk can have no file for is refused in a sentence, and nothing is left of it: %s',
  async (code) => {
    disks.noName = code;
    await library.write('trips/there.png', await picture(1));
    const { client } = await library.serve({ indexFolder });
    await client.upload(await picture(2), { key: 'why?.png', contentType: 'image/png' });
    await client.delete('why?.png');
    disks.card = library.folder;
    const about = { contentType: 'image/png', metadata: { album: 'one' } };
    const notes = await readdir(join(indexFolder, '.uploads/notes'));

    for (const key of ['what?.png', 'a:b/c.png', 'trips/d*.png', 'full stop./e.png'])
      await expect(client.upload(await picture(2), { ...about, key }), key).rejects.toMatchObject({
        status: 400,
        message: expect.stringMatching(/no file of (the folder|this name)|can have no file/),
      });
    expect((await client.restore({ keys: ['why?.png'] })).results).toMatchObject([{ restored: false }]);

    expect((await readdir(library.folder)).filter((name) => !name.startsWith('.'))).toEqual(['trips']);
    for (const [side, names] of [
      ['drafts', []],
      ['odd', []],
      ['notes', notes],
    ] as const)
      expect(await readdir(join(indexFolder, '.uploads', side)), side).toEqual(names);
  },
);

describe.each([
  ['on a disk of its own', () => [] as string[], 'EPERM'],
  ['beside pictures on a disk without hard links', () => [library.folder], 'EPERM'],
  ['beside pictures on one that does not know what they are', () => [library.folder], 'ENOSYS'],
  ['that is mounted from the same disk', undefined, 'EXDEV'],
])('an index %s', (_, withoutLinks, noLink) => {
  beforeEach(() => {
    if (!withoutLinks) {
      disks.bound = [indexFolder];
      return;
    }
    disks.apart = indexFolder;
    disks.noLink = noLink;
    disks.withoutLinks = withoutLinks();
  });

  it('takes uploads, overwrites and deletions, and gives back what was deleted', async () => {
    await library.write('there.png', await picture(1));
    const { client } = await library.serve({ indexFolder });
    const found = (key: string) =>
      vi.waitFor(async () => expect((await client.image(key)).state).toBe('indexed'), { timeout: 10_000 });
    const about = { key: 'a/up.png', contentType: 'image/png', metadata: { album: 'one' } };

    await client.upload(await picture(2), about);
    await found('a/up.png');
    await client.upload(await picture(3), about);
    await vi.waitFor(
      async () =>
        expect((await client.search({ image: await picture(3) }, { k: 1 })).results).toMatchObject([
          { key: 'a/up.png', score: expect.closeTo(1, 4), metadata: { album: 'one' } },
        ]),
      { timeout: 10_000 },
    );
    expect(await client.delete('there.png')).toMatchObject({ restorable: true });
    expect(existsSync(join(library.folder, 'there.png'))).toBe(false);
    expect((await client.restore({ keys: ['there.png'] })).results).toMatchObject([{ restored: true }]);

    await found('there.png');
    expect(await readFile(join(library.folder, 'there.png'))).toEqual(await picture(1));
    // A server that is killed meanwhile leaves what came of an upload; the next one removes it.
    const drafts = join(library.folder, '.likeness-drafts');
    expect(await readdir(drafts)).toEqual([]);
    const [machine] = basename(draftPath(drafts)).split('-');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(join(drafts, `${machine}-${pid}-KILLED`), 'the first half');
    await library.serve({ indexFolder });
    expect(await readdir(drafts)).toEqual([]);

    const names = (await readdir(library.folder, { recursive: true })).filter(
      (name) => !name.startsWith('.'),
    );
    expect(names.sort()).toEqual(['a', 'a/up.png', 'there.png']);
  });
});
