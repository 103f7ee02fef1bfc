import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AlreadyServed, IndexLock } from '../../local/lock.ts';

let folder: string;
const servers: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-lock-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

/** A server that answers with the token of its lock, after a while. */
async function starter(busyMs = 0) {
  const lock = new IndexLock(folder);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    setTimeout(() => response.end(lock.token), busyMs);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { lock, asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const file = () => join(folder, '.server.json');

describe('IndexLock', () => {
  it.each(['nobody held it', 'a dead server held it'])(
    'goes to one of many at once where %s',
    async (before) => {
      if (before.startsWith('a dead'))
        await writeFile(file(), JSON.stringify({ url: 'http://127.0.0.1:1', token: 'dead' }));
      const starters = await Promise.all(Array.from({ length: 12 }, starter));

      const outcomes = await Promise.allSettled(starters.map(({ lock, url }) => lock.acquire(url)));

      const won = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [starters[i]!] : []));
      expect(won).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(AlreadyServed);
      expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({
        url: won[0]!.url,
        token: won[0]!.lock.token,
      });
      await won[0]!.lock.release();
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('stays with a server that is busy for a moment', async () => {
    const { lock, url } = await starter(1_500);
    await lock.acquire(url);
    const other = await starter();

    await expect(other.lock.acquire(other.url)).rejects.toBeInstanceOf(AlreadyServed);
  });

  it('asks no server but one on this machine, whatever the file says', async () => {
    const { lock, url } = await starter();
    const { asked, url: foreign, lock: theirs } = await starter();
    const elsewhere = foreign.replace('127.0.0.1', '0.0.0.0');
    await writeFile(file(), JSON.stringify({ url: elsewhere, token: theirs.token }));

    await lock.acquire(url);

    expect(asked).toEqual([]);
  });
});
