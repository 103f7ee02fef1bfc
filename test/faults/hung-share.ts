/** A share that stops answering, as a NAS does that goes to sleep or loses its network. It asks for root, to mount one. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
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
    const write = async (i: number) => writeFile(join(source, `${i}.png`), await picture(i));
    for (let i = 0; i < PICTURES; i++) await write(i);
    const hanging = join(library.base, 'hanging');
    const hang = async () => {
      const hangs = once(share.stdout!, 'data');
      await writeFile(hanging, '');
      // It answers one request that it waits for by then.
      void stat(library.folder).catch(() => {});
      await hangs;
    };
    const share = spawn(process.execPath, ['--import', 'tsx', SERVER, library.folder, source, hanging], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await Promise.race([once(share.stdout!, 'data'), ended(share)]);
      await library.start();
      await library.assertSound();

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
      return `${2 * SEARCHES} searches were answered meanwhile, and the server ended on the first SIGTERM`;
    } finally {
      // What waits for it fails then, and it can be unmounted.
      share.kill('SIGKILL');
      await library.end();
      execFileSync('umount', ['-l', library.folder], { stdio: 'ignore' });
    }
  },
};

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
