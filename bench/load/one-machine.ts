/** The server of one machine over a folder of its own, as a target. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processMemory } from '../../test/process-memory.ts';
import { startServer } from '../server.ts';
import type { Target } from './target.ts';

/** Pictures on the page that tells what is found. */
const PAGE = 100;

export async function oneMachine(): Promise<Target> {
  const base = await mkdtemp(join(tmpdir(), 'likeness-load-'));
  const pictures = join(base, 'pictures');
  await mkdir(pictures);
  const server = await startServer(pictures, join(base, 'index'));
  const { client, endpoint, pid } = server;
  return {
    name: 'one machine',
    client,
    endpoint,
    put: (key, bytes) => client.upload(bytes, { key, contentType: 'image/jpeg' }),
    async found(prefix, keys) {
      const page = await client.images({ order: 'newest', prefix, limit: PAGE });
      return page.items.map(({ key }) => key).filter((key) => keys.has(key));
    },
    resident: () => ({ server: processMemory(pid)?.now ?? 0 }),
    async close() {
      await server.stop();
      await rm(base, { recursive: true, force: true });
    },
  };
}
