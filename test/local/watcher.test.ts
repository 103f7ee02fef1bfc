/** What the system's two limits of watching do to a library: watches that are refused, and events that are dropped. */

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WatchListener } from '../../local/folder-watches.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

/** A system that hears nothing by itself, and watches so many folders. */
const system = vi.hoisted(() => ({
  watches: 0,
  most: Number.POSITIVE_INFINITY,
  listeners: [] as WatchListener[],
}));

/** A folder that another disk was mounted on. */
const mounted = vi.hoisted(() => ({ at: undefined as string | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const lstat = async (path: string, options?: { bigint: true }) => {
    const stats = await real.lstat(path, options);
    const isThere = mounted.at !== undefined && path.startsWith(mounted.at);
    return isThere ? Object.assign(stats, { dev: options ? 1n : 1 }) : stats;
  };
  return { ...real, lstat };
});

vi.mock('../../local/folder-watches.ts', () => ({
  FolderWatches: class {
    async begin(_path: string, listener: WatchListener) {
      if (++system.watches > system.most)
        throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
          code: 'ENOSPC',
        });
      system.listeners.push(listener);
      return () => {};
    }
    stop() {}
  },
}));

let library: ServedFolder;
const warnings: string[] = [];
const logger = { info: () => {}, error: () => {}, warn: (message: string) => void warnings.push(message) };
beforeEach(async () => {
  library = await servedFolder();
  await library.write('a/1.png', await picture(1));
  await library.write('b/2.png', await picture(2));
});
afterEach(async () => {
  Object.assign(system, { watches: 0, most: Number.POSITIVE_INFINITY, listeners: [] });
  mounted.at = undefined;
  warnings.length = 0;
  await library.remove();
});

describe('a library', () => {
  it('of more folders than the system watches says so, and finds changes by comparing', async () => {
    system.most = 1;
    const patience = { compareEveryMs: 50, lookEveryMs: 20, secondLookMs: 20 };
    const { client } = await library.serve({ logger, patience });

    expect((await client.health()).reasons).toMatchObject([{ code: 'watching-incomplete' }]);
    expect(warnings.filter((line) => line.includes('max_user_watches'))).toHaveLength(1);
    await writeFile(join(library.folder, 'b/3.png'), await picture(3));
    await rm(join(library.folder, 'a/1.png'));
    await vi.waitFor(
      async () => expect((await client.images()).items.map(({ key }) => key)).toEqual(['b/2.png', 'b/3.png']),
      { timeout: 20_000, interval: 20 },
    );
  });

  it.skipIf(process.platform === 'darwin')(
    'is watched anew where a watch has ended with the disk that it was on',
    async () => {
      mounted.at = join(library.folder, 'b');
      await library.serve({ logger });
      expect(system.watches).toBe(3);
      const until = (watches: number) =>
        vi.waitFor(() => expect(system.watches).toBe(watches), { timeout: 20_000, interval: 20 });

      // What a system tells of a folder itself: of one on the same disk it means less than of one where another disk is.
      system.listeners[1]!.heard('');
      system.listeners[2]!.heard('');
      await until(6);
      system.listeners[3]!.heard('');
      await until(9);
      // As all do when the thread that watches has died.
      for (const listener of system.listeners.slice(6)) listener.failed();
      await until(12);
    },
  );

  it.skipIf(process.platform === 'darwin')(
    'is watched where a disk was mounted in it, once it was compared',
    async () => {
      await library.serve({ logger, patience: { compareEveryMs: 50, lookEveryMs: 20 } });
      expect(system.watches).toBe(3);

      mounted.at = join(library.folder, 'b');

      await vi.waitFor(() => expect(system.watches).toBe(4), { timeout: 20_000, interval: 20 });
    },
  );

  it('in which so much happens at once that events may be lost is compared at once', async () => {
    const { client } = await library.serve({ logger });
    await writeFile(join(library.folder, 'b/2.png'), await picture(4));

    // What is heard is of a file that is no picture; the change of the picture was dropped.
    for (let i = 0; i < 8_000; i++) system.listeners[0]!.heard('notes.txt');

    await vi.waitFor(
      async () =>
        expect((await client.search({ image: await picture(4) }, { k: 1 })).results).toMatchObject([
          { key: 'b/2.png', score: expect.closeTo(1, 4) },
        ]),
      { timeout: 20_000, interval: 20 },
    );
    expect(warnings.filter((line) => line.includes('so much changed at once'))).toHaveLength(1);
  });
});
