/**
 * `node fuse-server.ts MOUNT SOURCE HANG`: shows a folder, read-only, under another name, by the kernel's own protocol (linux/fuse.h), so
 * that a test can have a file system that stops answering: while there is a file HANG; or, where that says `lookup NAME` or `attributes NAME`,
 * from the next answer on to such a question about that name. Says `ready` when it is mounted, and `hangs` each time that it stops.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';

const OPERATION = {
  lookup: 1,
  forget: 2,
  getAttributes: 3,
  open: 14,
  read: 15,
  statistics: 17,
  release: 18,
  flush: 25,
  init: 26,
  openFolder: 27,
  readFolder: 28,
  releaseFolder: 29,
  interrupt: 36,
  forgetMany: 42,
} as const;
const NO_ANSWER: ReadonlySet<number> = new Set([OPERATION.forget, OPERATION.interrupt, OPERATION.forgetMany]);
const NOT_FOUND = -2;
const NOT_IMPLEMENTED = -38;
const HEADER_BYTES = 40;
const REQUEST_BYTES = 256 * 1024;
const ROOT = 1;
const PAUSE_MS = 20;

const [mount, source, hang] = process.argv.slice(2) as [string, string, string];
const device = openSync('/dev/fuse', 'r+');
const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
const { status } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'faults', mount], {
  stdio: ['ignore', 'inherit', 'inherit', device],
});
if (status !== 0) process.exit(1);
process.stdout.write('ready\n');

/** By node number; a path keeps its own. */
const paths = new Map<number, string>([[ROOT, source]]);
const nodes = new Map<string, number>([[source, ROOT]]);

/** What the last answer was to. */
let told = '';
const hangs = (): boolean => {
  try {
    return ['', told].includes(readFileSync(hang, 'utf8'));
  } catch {
    return false;
  }
};

const request = Buffer.alloc(REQUEST_BYTES);
const pause = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  // Never with a request in hand: who waits for that one cannot even be killed, where a share that is away lets them.
  if (hangs()) writeSync(process.stdout.fd, 'hangs\n');
  while (hangs()) Atomics.wait(pause, 0, 0, PAUSE_MS);
  told = '';
  const length = readSync(device, request, 0, REQUEST_BYTES, null);
  const operation = request.readUInt32LE(4);
  if (NO_ANSWER.has(operation)) continue;
  let answer: Buffer | number;
  try {
    answer = answerTo(operation, Number(request.readBigUInt64LE(16)), request.subarray(HEADER_BYTES, length));
  } catch {
    answer = NOT_FOUND;
  }
  const body = typeof answer === 'number' ? Buffer.alloc(0) : answer;
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + body.length);
  head.writeInt32LE(typeof answer === 'number' ? answer : 0, 4);
  request.copy(head, 8, 8, 16);
  writeSync(device, Buffer.concat([head, body]));
}

function answerTo(operation: number, node: number, body: Buffer): Buffer | number {
  const path = paths.get(node) ?? '';
  switch (operation) {
    case OPERATION.init: {
      const init = Buffer.alloc(64);
      init.writeUInt32LE(7);
      init.writeUInt32LE(31, 4);
      init.writeUInt32LE(body.readUInt32LE(8), 8);
      init.writeUInt32LE(65_536, 20);
      init.writeUInt32LE(1, 24);
      return init;
    }
    case OPERATION.lookup: {
      const name = body.toString('utf8', 0, body.indexOf(0));
      const below = join(path, name);
      told = `lookup ${name}`;
      // Nothing is kept by the kernel: every look comes here.
      const entry = Buffer.alloc(40);
      const attributes = attributesOf(below);
      entry.writeBigUInt64LE(BigInt(nodeOf(below)));
      return Buffer.concat([entry, attributes]);
    }
    case OPERATION.getAttributes:
      told = `attributes ${basename(path)}`;
      return Buffer.concat([Buffer.alloc(16), attributesOf(path)]);
    case OPERATION.open:
    case OPERATION.openFolder:
      return Buffer.alloc(16);
    case OPERATION.read: {
      const part = Buffer.alloc(body.readUInt32LE(16));
      const file = openSync(path, 'r');
      try {
        return part.subarray(0, readSync(file, part, 0, part.length, body.readBigUInt64LE(8)));
      } finally {
        closeSync(file);
      }
    }
    case OPERATION.readFolder:
      return entriesOf(path, Number(body.readBigUInt64LE(8)), body.readUInt32LE(16));
    case OPERATION.statistics:
      return Buffer.alloc(80);
    case OPERATION.flush:
    case OPERATION.release:
    case OPERATION.releaseFolder:
      return 0;
    default:
      return NOT_IMPLEMENTED;
  }
}

function nodeOf(path: string): number {
  const node = nodes.get(path) ?? nodes.size + 1;
  nodes.set(path, node);
  paths.set(node, path);
  return node;
}

function attributesOf(path: string): Buffer {
  const stats = lstatSync(path, { bigint: true });
  const attributes = Buffer.alloc(88);
  const times = [stats.atimeNs, stats.mtimeNs, stats.ctimeNs];
  const second = 1_000_000_000n;
  [BigInt(nodeOf(path)), stats.size, stats.blocks, ...times.map((time) => time / second)].forEach(
    (value, i) => void attributes.writeBigUInt64LE(value, i * 8),
  );
  [...times.map((time) => time % second), stats.mode, 1n, 0n, 0n, 0n, 4_096n].forEach(
    (value, i) => void attributes.writeUInt32LE(Number(value), 48 + i * 4),
  );
  return attributes;
}

function entriesOf(path: string, from: number, room: number): Buffer {
  const entries: Buffer[] = [];
  for (const [i, name] of readdirSync(path).entries()) {
    if (i < from) continue;
    const bytes = Buffer.from(name);
    const one = Buffer.alloc(24 + Math.ceil(bytes.length / 8) * 8);
    if (room < one.length) break;
    room -= one.length;
    one.writeBigUInt64LE(BigInt(nodeOf(join(path, name))));
    one.writeBigUInt64LE(BigInt(i + 1), 8);
    one.writeUInt32LE(bytes.length, 16);
    one.writeUInt32LE(lstatSync(join(path, name)).isDirectory() ? 4 : 8, 20);
    bytes.copy(one, 24);
    entries.push(one);
  }
  return Buffer.concat(entries);
}
