/** The server of one machine as people start it: the built command line in a process of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '../client/client.ts';
import { freePort, until } from '../test/faults/served.ts';
import { processMemory } from '../test/process-memory.ts';

const CLI = fileURLToPath(new URL('../dist/likeness.cjs', import.meta.url));

export interface RunningServer {
  readonly client: Client;
  readonly endpoint: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Resolves as soon as it answers; the index and the model may be loading still. */
export async function startServer(pictures: string, index: string): Promise<RunningServer> {
  const port = await freePort();
  const flags = ['serve', pictures, '--index', index, '--port', String(port)];
  const server = spawn(process.execPath, [CLI, ...flags], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = createClient({ endpoint });
  await until('the server answers', () => client.health());
  return {
    client,
    endpoint,
    pid: server.pid!,
    async stop() {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    },
  };
}

/** MiB that the server holds, and held at most; on Linux only. */
export function memoryOf({ pid }: RunningServer): { readonly now: number; readonly most: number } {
  const { now, most } = processMemory(pid)!;
  return { now: Math.round(now / 2 ** 20), most: Math.round(most / 2 ** 20) };
}
