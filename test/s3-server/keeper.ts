/**
 * A process that keeps one S3 server for all tests and benchmarks that run at a time. They connect to it, hear where the
 * server is, and stay connected for as long as they need it. When nobody has been connected for a while, the server
 * stops and its folder is gone. Connections end with their processes, so no crash leaves a server behind.
 *
 * Run as `node --import tsx keeper.ts <name of its socket>`.
 */

import { mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CEPH_CREDENTIALS, startCeph } from './ceph.ts';
import { install, missingPrograms } from './installation.ts';

/** How long the server waits for its next user. */
const IDLE_MS = 15_000;

/** What a user hears, as one line of JSON. */
export type Announcement =
  | { readonly endpoint: string; readonly credentials: typeof CEPH_CREDENTIALS }
  | { readonly error: string };

async function start() {
  if (missingPrograms().length > 0) await install();
  return startCeph(await mkdtemp(join(tmpdir(), 'likeness-s3-')));
}

async function keep(socket: string): Promise<void> {
  const users = new Set<Socket>();
  const listener = createServer();
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(socket, resolve);
  });

  const starting = start();
  const announcement: Promise<Announcement> = starting.then(
    ({ endpoint }) => ({ endpoint, credentials: CEPH_CREDENTIALS }),
    (error: Error) => ({ error: error.message }),
  );
  const leave = async () => {
    listener.close();
    await starting.then((server) => server.stop()).catch(() => {});
    process.exit();
  };
  let leaving = setTimeout(leave, IDLE_MS);
  listener.on('connection', (user) => {
    clearTimeout(leaving);
    users.add(user);
    user.on('error', () => {});
    user.on('close', () => {
      users.delete(user);
      clearTimeout(leaving);
      if (users.size === 0) leaving = setTimeout(leave, IDLE_MS);
    });
    announcement.then((heard) => user.write(`${JSON.stringify(heard)}\n`));
  });
}

// Of two keepers that start at once, the one that finds the socket taken has nothing to do.
keep(`\0${process.argv[2]}`).catch(() => process.exit());
