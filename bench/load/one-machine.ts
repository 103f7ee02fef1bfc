/** The server of one machine as people start it, over a folder of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../client/client.ts';
import { freePort, until } from '../../test/faults/served.ts';
import type { Target } from './target.ts';

const CLI = fileURLToPath(new URL('../../dist/likeness.js', import.meta.url));

export async function oneMachine(): Promise<Target> {
  const base = await mkdtemp(join(tmpdir(), 'likeness-load-'));
  await mkdir(join(base, 'pictures'));
  const port = await freePort();
  const flags = ['serve', join(base, 'pictures'), '--index', join(base, 'index'), '--port', String(port)];
  const server = spawn(process.execPath, [CLI, ...flags], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = createClient({ endpoint });
  await until('the server answers', () => client.health());
  return {
    name: 'one machine',
    client,
    endpoint,
    put: (key, bytes) => client.upload(bytes, { key, contentType: 'image/jpeg' }),
    resident: () => ({ server: residentBytes(server.pid!) }),
    async close() {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
      await rm(base, { recursive: true, force: true });
    },
  };
}

/** Resident bytes of a process, by Linux's status file. */
function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}
