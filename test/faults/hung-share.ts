/** A share that stops answering, as a NAS does that goes to sleep or loses its network, or breaks off. It asks for root, to mount one. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { picture } from '../factories/pictures.ts';
import type { Scenario } from './scenario.ts';
import { type ServedLibrary, until, untilStatus } from './served.ts';

const SERVER = fileURLToPath(new URL('fuse-server.ts', import.meta.url));
const PICTURES = 30;
const SEARCHES = 20;
/** More than the threads that wait for file systems. */
const READS = 40;
const BELOW = 'below';
/** A search that waits for the share waits for as long as that does. */
const SEARCH_MS = 30_000;

const obstacle = (): string | undefined => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'not root on Linux';
  return existsSync('/dev/fuse') ? undefined : 'no /dev/fuse';
};

export const hungShare: Scenario = {
  name: 'a share that stops answering',
  obstacle,
  run: async (library) => {
    const source = join(library.base, 'source');
    await mkdir(source);
    await mkdir(library.folder);
    const write = async (i: number, below = '') =>
      writeFile(join(source, below, `${i}.png`), await picture(i));
    for (let i = 0; i < PICTURES; i++) await write(i);
    await mkdir(join(source, BELOW));
    await write(PICTURES + 1, BELOW);
    const hanging = join(library.base, 'hanging');
    const hang = async () => {
      const hangs = once(share.stdout!, 'data');
      await writeFile(hanging, '');
      // It answers one request that it waits for by then.
      void stat(library.folder).catch(() => {});
      await hangs;
    };
    const share = await shared(source, library.folder, hanging);
    try {
      await library.start();
      await library.assertSound();

      // A server that starts meanwhile serves what its index has.
      await library.end('SIGTERM');
      await hang();
      await library.start();
      await searches(library);
      await untilStatus(library, 'degraded', 'folder-away');
      await rm(hanging);
      await untilStatus(library, 'ok');
      await library.assertSound();

      // It stops while a folder is looked at, and between that look and the watch that is put on the folder.
      for (const moment of [`lookup ${BELOW}`, `attributes ${BELOW}`]) {
        await library.end('SIGTERM');
        const stops = once(share.stdout!, 'data');
        // At once: while it is empty, everything hangs.
        await writeFile(`${hanging}.part`, moment);
        await rename(`${hanging}.part`, hanging);
        await library.start();
        await stops;
        await searches(library);
        await rm(hanging);
        await untilStatus(library, 'ok');
        await library.assertSound();
      }

      await hang();
      const reads = Array.from({ length: READS }, (_, i) =>
        fetch(address(library, i), { signal: patience() }),
      );
      const read = Promise.allSettled(reads);
      await searches(library);
      await untilStatus(library, 'degraded', 'folder-away');
      await searches(library);
      await write(PICTURES);

      await rm(hanging);
      await read;
      await untilStatus(library, 'ok');
      await library.assertSound();
      await until('thumbnails are made again', async () => {
        const { status } = await fetch(address(library, 0), { signal: patience() });
        if (status !== 200) throw new Error(`status ${status}`);
      });

      await hang();
      void Promise.allSettled(
        reads.map((_, i) => fetch(`${address(library, i)}&again`, { signal: patience() })),
      );
      const code = await library.end('SIGTERM');
      // It ends itself, since the reads that hang would keep it.
      if (code !== null && code !== 0) throw new Error(`the server ended with ${code}`);
      return `${5 * SEARCHES} searches were answered meanwhile, and the server ended on the first SIGTERM`;
    } finally {
      // What waits for it fails then, and it can be unmounted.
      share.kill('SIGKILL');
      await library.end();
      execFileSync('umount', ['-l', library.folder], { stdio: 'ignore' });
    }
  },
};

export const brokenShare: Scenario = {
  name: 'a share below the library that breaks off',
  obstacle,
  run: async (library) => {
    const source = join(library.base, 'source');
    const nas = join(library.folder, 'nas');
    for (const folder of [source, library.folder, nas]) await mkdir(folder);
    for (let i = 0; i < 10; i++) {
      await writeFile(join(source, `far-${i}.png`), await picture(i));
      await writeFile(join(library.folder, `near-${i}.png`), await picture(10 + i));
    }
    const mount = () => shared(source, nas, join(library.base, 'hanging'));
    const unmount = () => execFileSync('umount', ['-l', nas], { stdio: 'ignore' });
    let share = await mount();
    const keys = async () => (await library.client.images({ limit: 100 })).items.map(({ key }) => key);
    const nothingForgotten = async (others: number) => {
      const far = (await keys()).filter((key) => key.startsWith('nas/')).length;
      const near = (await keys()).length - far;
      if (far !== 10 || near !== others) throw new Error(`${far} of 10 are left there, and ${near} here`);
    };
    try {
      await library.start();
      await library.assertSound();

      share.kill('SIGKILL');
      await once(share, 'exit');
      await untilStatus(library, 'degraded', 'folder-away');
      await writeFile(join(library.folder, 'near-10.png'), await picture(20));
      await rm(join(library.folder, 'near-0.png'));
      await until('what changes elsewhere is followed', () => nothingForgotten(10));
      // Also over a restart, which finds it broken.
      await library.end('SIGTERM');
      await writeFile(join(library.folder, 'near-11.png'), await picture(21));
      await library.start();
      await until('what changed meanwhile is found', () => nothingForgotten(11));
      await writeFile(join(library.folder, 'near-12.png'), await picture(22));
      await until('changes are watched', () => nothingForgotten(12));

      unmount();
      share = await mount();
      await untilStatus(library, 'ok');
      await library.assertSound();
      return 'all others were watched and compared meanwhile, and nothing was forgotten';
    } finally {
      share.kill('SIGKILL');
      await library.end();
      unmount();
    }
  },
};

/** Mounts what shows the files of `source`, until there is a file `hanging`. */
async function shared(source: string, at: string, hanging: string): Promise<ChildProcess> {
  const share = spawn(process.execPath, ['--import', 'tsx', SERVER, at, source, hanging], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(share.stdout!, 'data'), ended(share)]);
  return share;
}

const patience = (): AbortSignal => AbortSignal.timeout(SEARCH_MS);

const address = ({ port }: ServedLibrary, i: number): string =>
  `http://127.0.0.1:${port}/${i % 2 === 0 ? 'thumbnails' : 'pictures'}/${i % PICTURES}.png?size=${i % 4 < 2 ? 160 : 640}`;

async function ended(process: ChildProcess): Promise<never> {
  const [code] = await once(process, 'exit');
  throw new Error(`the share ended with ${code}`);
}

/** Searches by picture and by key, each of which has to be answered with what it asks for. */
async function searches({ client }: ServedLibrary): Promise<void> {
  for (let i = 0; i < SEARCHES; i++) {
    const options = { k: 3, signal: patience() };
    const { results } =
      i % 2 === 0
        ? await client.search({ image: await picture(i) }, options)
        : await client.similar(`${i}.png`, options);
    if (results.length !== 3) throw new Error(`a search found ${results.length} of 3`);
  }
}
