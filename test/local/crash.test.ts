import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Client, createClient } from '../../client/client.ts';
import { buildCli } from '../../scripts/build.ts';
import { picture } from '../factories/pictures.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A loaded machine takes its time to start a process; a healthy one needs a second or two. */
const PATIENCE = { timeout: 100_000, interval: 100 };

let folder: string;
let port: number;
let server: ChildProcess | undefined;
/** What the server wrote to its log. */
let said = '';

beforeAll(buildCli);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-crash-'));
  port = await freePort();
});
afterEach(async () => {
  await end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** The command itself, with the model that is set up on this machine, in a process that can be killed. */
async function start(flags: readonly string[] = []): Promise<Client> {
  const args = [...flags, 'dist/likeness.cjs', 'serve', folder, '--port', String(port)];
  said = '';
  server = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  server.stderr!.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const client = createClient({ endpoint: `http://127.0.0.1:${port}` });
  await vi.waitFor(() => client.health(), PATIENCE);
  return client;
}

async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (!server || server.exitCode !== null || server.signalCode !== null) return null;
  const exited = once(server, 'exit');
  server.kill(signal);
  const [code] = await exited;
  return code;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address() as { port: number };
  probe.close();
  return free;
}

const keys = async (client: Client) => (await client.images()).items.map(({ key }) => key);
const bestFor = async (client: Client, seed: number) =>
  (await client.search({ image: await picture(seed) }, { k: 1 })).results[0]?.key;

describe('likeness serve', { timeout: 400_000 }, () => {
  it('has lost nothing after kill -9, acknowledged or in the queue', async () => {
    const client = await start();
    await client.upload(await picture(1), { key: 'acknowledged.png', contentType: 'image/png' });
    await vi.waitFor(async () => expect(await keys(client)).toEqual(['acknowledged.png']), PATIENCE);

    const waiting = Array.from({ length: 12 }, (_, i) => `waiting${String(i).padStart(2, '0')}.png`);
    await Promise.all(
      waiting.map(async (key, i) => client.upload(await picture(100 + i), { key, contentType: 'image/png' })),
    );
    await end('SIGKILL');
    const again = await start();

    await vi.waitFor(
      async () => expect(await keys(again)).toEqual(['acknowledged.png', ...waiting]),
      PATIENCE,
    );
    expect(await bestFor(again, 1)).toBe('acknowledged.png');
    expect(await bestFor(again, 105)).toBe('waiting05.png');
    expect(await end('SIGTERM')).toBe(0);
  });

  it.skipIf(process.platform === 'win32')('logs a rejection that nobody caught, and lives', async () => {
    // A fault of ours, planted before the command begins.
    const fault = "process.on('SIGUSR2', () => void Promise.reject(new Error('planted')))";
    const client = await start(['--import', `data:text/javascript,${encodeURIComponent(fault)}`]);

    server!.kill('SIGUSR2');
    await vi.waitFor(() => expect(said).toMatch(/a fault that nobody caught.*planted/), PATIENCE);

    expect(await client.health()).toMatchObject({ status: 'ok' });
    expect(server!.exitCode).toBeNull();
  });

  it('takes in the good pictures of a folder, and says why it does not take the others', async () => {
    const good = await picture(1, 'jpeg');
    await writeFile(join(folder, 'good.jpg'), good);
    await writeFile(join(folder, 'cut off.jpg'), good.subarray(0, good.length / 2));
    await writeFile(join(folder, 'text.jpg'), 'this is not a picture');
    await writeFile(join(folder, 'empty.jpg'), '');
    await writeFile(join(folder, 'other.png'), await picture(2));
    const client = await start();

    await vi.waitFor(async () => expect(await keys(client)).toEqual(['good.jpg', 'other.png']), PATIENCE);
    const rejected = Object.fromEntries(
      (await client.rejected()).items.map(({ key, reason }) => [key, reason.code]),
    );
    expect(rejected).toEqual({ 'cut off.jpg': 'corrupt', 'text.jpg': 'not-an-image', 'empty.jpg': 'empty' });
  });
});
