/**
 * Ceph's S3 gateway on one machine: one monitor, one disk, one gateway, all on loopback, in a folder of their own.
 * Of the S3 servers that Debian packages it is the most faithful: it decides create-if-absent under races, copies parts
 * by range, and checks signatures and upload policies. Where it differs from AWS, no test may take it for AWS: no
 * If-Match on writes, no conditions on CompleteMultipartUpload (whose answer has no ETag), no stored checksums.
 */

import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, run, stay } from './commands.ts';

/** How long the server may take to start; it takes a quarter of a minute on two idle cores. */
const START_TIMEOUT_MS = 120_000;

/** Who may use the server. */
export const CEPH_CREDENTIALS = { accessKeyId: 'AKIATEST', secretAccessKey: 'secretsecretsecret' };

export interface CephServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a server in `folder`, which is made, and removed again when the server stops. */
export async function startCeph(folder: string): Promise<CephServer> {
  const children: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(children.map(end));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const endpoint = await startDaemons(folder, children);
    return { endpoint, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDaemons(folder: string, children: ChildProcess[]): Promise<string> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const until = async (what: string, isTrue: () => Promise<boolean>) => {
    while (!(await isTrue().catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`${what} did not come up; see ${folder}/log`);
      await sleep(100);
    }
  };
  const [monitorPort, gatewayPort] = await freePorts(2);
  const monitor = `[v2:127.0.0.1:${monitorPort}]`;
  const fsid = randomUUID();
  const conf = join(folder, 'ceph.conf');
  const keyring = join(folder, 'keyring');
  const inFolder = (name: string) => join(folder, name);
  for (const name of ['mon', 'osd', 'run', 'log']) await mkdir(inFolder(name), { recursive: true });
  await writeFile(conf, configuration({ folder, fsid, monitor, gatewayPort: gatewayPort! }));
  const ceph = (...args: string[]) => run('ceph', ['-c', conf, ...args]);
  const daemon = (name: string, ...args: string[]) =>
    children.push(stay(args[0]!, ['-c', conf, '-f', ...args.slice(1)], inFolder(`log/${name}.out`)));

  const makeKey = (...args: string[]) => run('ceph-authtool', [keyring, '--gen-key', ...args]);
  await makeKey('--create-keyring', '-n', 'mon.', '--cap', 'mon', 'allow *');
  await makeKey('-n', 'client.admin', '--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *');
  const map = inFolder('monmap');
  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', monitor, map]);
  await run('ceph-mon', ['-c', conf, '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring]);
  daemon('mon', 'ceph-mon', '-i', 'a');

  const disk = randomUUID();
  await until('the monitor', async () => Boolean(await ceph('osd', 'new', disk)));
  const caps = ['mon', 'allow profile osd', 'osd', 'allow *'];
  await appendFile(keyring, await ceph('auth', 'get-or-create', 'osd.0', ...caps));
  await run('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', disk]);
  daemon('osd', 'ceph-osd', '-i', '0');
  await until('the disk', async () => (await ceph('osd', 'stat')).includes('1 up'));

  daemon('gateway', 'radosgw', '-n', 'client.admin');
  await until('the gateway', () => accepts(gatewayPort!));
  const { accessKeyId, secretAccessKey } = CEPH_CREDENTIALS;
  const user = [
    '--uid=test',
    '--display-name=test',
    `--access-key=${accessKeyId}`,
    `--secret=${secretAccessKey}`,
  ];
  await run('radosgw-admin', ['-c', conf, '-n', 'client.admin', 'user', 'create', ...user]);
  return `http://127.0.0.1:${gatewayPort}`;
}

/** One copy of everything, little memory, no ports but on loopback; signed connections, as the gateway insists on. */
const configuration = (at: {
  folder: string;
  fsid: string;
  monitor: string;
  gatewayPort: number;
}): string => `
[global]
fsid = ${at.fsid}
mon host = ${at.monitor}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${at.folder}/keyring
auth allow insecure global id reclaim = false
mon data avail warn = 1
mon data avail crit = 0
public network = 127.0.0.0/8
ms bind msgr1 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
run dir = ${at.folder}/run
admin socket = ${at.folder}/run/$name.asok
log file = ${at.folder}/log/$name.log
pid file = ${at.folder}/run/$name.pid
debug ms = 0
[mon.a]
mon data = ${at.folder}/mon
[osd]
osd data = ${at.folder}/osd
osd objectstore = bluestore
bluestore block create = true
bluestore block size = 21474836480
bluestore cache autotune = false
bluestore cache size = 67108864
osd memory target = 939524096
osd crush update on start = true
[client.admin]
rgw frontends = beast endpoint=127.0.0.1:${at.gatewayPort}
rgw rados pool pg num min = 4
rgw rados pool autoscale bias = 1
rgw thread pool size = 64
rgw enable usage log = false
# A day of a lifecycle rule, in seconds; objects are looked through as often.
rgw lc debug interval = 10
`;

/** Ports that nobody listens on, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const listening = servers.map(
    (server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
  );
  await Promise.all(listening);
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Whether something listens on a port. */
const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
