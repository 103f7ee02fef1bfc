/** Two servers at once, and clocks that jump. */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../client/client.ts';
import { picture } from '../factories/pictures.ts';
import type { Scenario } from './scenario.ts';
import { freePort, until } from './served.ts';

const ROUNDS = 5;
const QUICK_ROUNDS = 2;

const twoServers: Scenario = {
  name: 'servers that are started at the same moment',
  run: async (library, { quick }) => {
    const rounds = quick ? QUICK_ROUNDS : ROUNDS;
    await mkdir(library.folder);
    for (let i = 0; i < 5; i++) await writeFile(join(library.folder, `${i}.png`), await picture(i));
    for (let round = 0; round < rounds; round++) {
      const ports = [await freePort(), await freePort(), await freePort()];
      const servers = ports.map((port) => library.spawn(port));
      const alive = () =>
        servers.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      try {
        await until('one server is left', async () => {
          if (alive().length !== 1) throw new Error(`${alive().length} serve`);
        });
        const port = ports[servers.indexOf(alive()[0]!)]!;
        await until('it answers', () => createClient({ endpoint: `http://127.0.0.1:${port}` }).health());
        await sleep(500);
        if (alive().length !== 1) throw new Error('the one that was left ended, too');
      } finally {
        for (const server of servers) server.kill('SIGKILL');
      }
    }
    await library.start();
    await library.assertSound();
    return `${rounds} times three servers: one served each time`;
  },
};

/** Where Debian's package libfaketime puts it. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

const clockJumps: Scenario = {
  name: 'a clock that is set back and forth',
  obstacle: () => (existsSync(FAKETIME) ? undefined : 'libfaketime is not installed'),
  run: async (library, { random, quick }) => {
    await mkdir(library.folder);
    const jumps = ['-1d', '+2y', ...(quick ? [] : ['-30d']), '+0d'];
    for (const [i, jump] of jumps.entries()) {
      const env = { LD_PRELOAD: FAKETIME, FAKETIME: jump, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
      await library.start({ env });
      // Deleted and put again: what an earlier clock deleted must not outlive what a later start puts.
      for (let key = 0; key < 5; key++) {
        const image = await picture(i * 10 + key);
        await library.client.upload(image, { key: `${key}.png`, contentType: 'image/png' });
      }
      await library.assertSound();
      for (let key = 0; key < 5; key++) if (random.chance(0.6)) await library.client.delete(`${key}.png`);
      await library.assertSound();
      await library.end(random.chance(0.5) ? 'SIGKILL' : 'SIGTERM');
    }
    return `${jumps.length} starts, each with another time`;
  },
};

export const servers: readonly Scenario[] = [clockJumps, twoServers];
