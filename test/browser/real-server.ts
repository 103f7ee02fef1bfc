/** The real thing: `likeness serve` in a process of its own, over an empty folder, as a user starts it. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface RealServer {
  readonly url: string;
  /** The pictures; an empty folder at first. */
  readonly folder: string;
  close(): Promise<void>;
}

/** @throws Error with what the server said when it ends before it serves, as it does where no model was set up */
export async function startRealServer(): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-browser-'));
  const process_ = spawn(
    process.execPath,
    ['--import', 'tsx', 'cli/likeness.ts', 'serve', folder, '--port', '0'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<void>((resolve) => process_.once('exit', () => resolve()));
  const close = async () => {
    process_.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  let said = '';
  const url = new Promise<string>((resolve, reject) => {
    for (const stream of [process_.stdout, process_.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
        const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (address) resolve(address[0]);
      });
    }
    process_.once('exit', () => reject(new Error(`likeness serve ended:\n${said}`)));
  });
  return { url: await url, folder, close };
}
