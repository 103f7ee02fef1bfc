/** File systems that lack what the index builds on, and an index that stands on another disk than the pictures. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
  /** A folder that is a disk of its own. */
  apart: undefined as string | undefined,
  /** Nothing is free on any of them. */
  full: false,
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refusal = (code: string, call: string) =>
    Object.assign(new Error(`${code}: not possible on this disk, ${call}`), { code, syscall: call });
  const isApart = (path: string) => disks.apart !== undefined && path.startsWith(disks.apart);
  const checked = (call: 'link' | 'rename') => async (from: string, to: string) => {
    if (isApart(from) !== isApart(to)) throw refusal('EXDEV', call);
    if (call === 'link' && disks.withoutLinks.some((folder) => to.startsWith(folder)))
      throw refusal('EPERM', call);
    return real[call](from, to);
  };
  /** Another disk has another number. */
  const numbered = (call: 'stat' | 'lstat') => async (path: string, options?: { bigint: true }) => {
    const stats = await real[call](path, options);
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

describe.each([
  ['on a disk of its own', () => [] as string[]],
  ['beside pictures on a disk without hard links', () => [library.folder]],
])('an index %s', (_, withoutLinks) => {
  beforeEach(() => {
    disks.apart = indexFolder;
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
