/** A real S3 server for tests and benchmarks: one given by the environment, or one started on this machine. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, DeleteBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { ulid } from 'ulid';
import { type S3ClientOptions, s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { outlivingEnvironment } from '../temporary-folder.ts';
import { mayInstall, missingPrograms } from './installation.ts';
import type { Announcement } from './keeper.ts';

export interface S3Server {
  /** How to reach it, for those who make their own client; credentials are missing when the environment has them. */
  readonly options: S3ClientOptions & { readonly endpoint: string };
  readonly client: S3Client;
  /** Makes an empty bucket. */
  newBucket(): Promise<string>;
  /** Makes an empty bucket and the store of its objects. */
  newStore(): Promise<S3Store>;
  /** Lets go of the server, and removes the buckets from one that was given. */
  stop(): Promise<void>;
}

/**
 * Why no S3 server can be had here; `undefined` when one can. It takes `LIKENESS_S3_ENDPOINT` with AWS credentials in
 * the environment, or Ceph's gateway on this machine, or root and `LIKENESS_INSTALL=1` on Debian or Ubuntu.
 */
export function whyNoS3Server(): string | undefined {
  if (process.env.LIKENESS_S3_ENDPOINT || mayInstall()) return undefined;
  const missing = missingPrograms();
  if (missing.length === 0) return undefined;
  if (process.env.LIKENESS_INSTALL === '1') return 'only root can install the S3 server';
  return `no S3 server: ${missing.join(', ')} not installed; set LIKENESS_S3_ENDPOINT, or LIKENESS_INSTALL=1 as root`;
}

/**
 * The server of all who ask for one at the same time; the first has to wait a quarter of a minute for it. It stays until
 * a moment after the last of them has stopped or ended.
 *
 * @throws Error when `whyNoS3Server` has a reason, or the server does not start
 */
export async function startS3Server(): Promise<S3Server> {
  const reason = whyNoS3Server();
  if (reason !== undefined) throw new Error(reason);
  const given = process.env.LIKENESS_S3_ENDPOINT;
  if (given)
    return serverAt({ endpoint: given }, async (stores) => void (await Promise.all(stores.map(remove))));
  const keeper = await connectToKeeper();
  const heard = await announcementOf(keeper);
  if ('error' in heard) throw new Error(heard.error);
  return serverAt(heard, async () => void keeper.destroy());
}

/** A bucket and its store. */
interface Made {
  readonly client: S3Client;
  readonly bucket: string;
  readonly store: S3Store;
}

function serverAt(
  options: S3ClientOptions & { endpoint: string },
  release: (made: readonly Made[]) => Promise<void>,
): S3Server {
  const client = s3Client(options);
  const made: Made[] = [];
  const make = async (): Promise<Made> => {
    const bucket = `likeness-test-${ulid().toLowerCase()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    made.push({ client, bucket, store: new S3Store({ client, bucket }) });
    return made.at(-1)!;
  };
  return {
    options,
    client,
    newBucket: async () => (await make()).bucket,
    newStore: async () => (await make()).store,
    stop: async () => {
      await release(made);
      client.destroy();
    },
  };
}

async function remove({ client, bucket, store }: Made): Promise<void> {
  for await (const page of store.list({ prefix: '' })) await store.delete(page.map(({ key }) => key));
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
}

/** Finds the keeper of this checkout, or starts it. */
async function connectToKeeper(): Promise<Socket> {
  const script = fileURLToPath(new URL('keeper.ts', import.meta.url));
  // An abstract socket of Linux: only one process can have it, and none can leave it behind.
  const name = `\0likeness-s3-${createHash('sha256').update(script).digest('hex').slice(0, 16)}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = await tryConnect(name);
    if (socket) return socket;
    if (attempt % 50 === 0)
      spawn(process.execPath, ['--import', 'tsx', script, name.slice(1)], {
        cwd: dirname(script),
        // It serves later runs too, so its folder must not go with this one's.
        env: outlivingEnvironment(),
        detached: true,
        stdio: 'ignore',
      }).unref();
    await sleep(200);
  }
  throw new Error('the keeper of the S3 server does not start');
}

const tryConnect = (path: string): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });

async function announcementOf(keeper: Socket): Promise<Announcement> {
  for await (const line of createInterface(keeper)) {
    // The process may end without letting go; the connection then ends with it.
    keeper.unref();
    return JSON.parse(line);
  }
  throw new Error('the keeper of the S3 server ended');
}
