/** Drafts: files that nobody sees until they are whole, and that outlast a power cut from then on. */

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, link, open, readdir, rm, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { StoreUnavailable } from '../errors.ts';
import { codeOf, unlessAbsent } from './file-access.ts';

/** A draft untouched for so long was left by a crash: the longest writer touches its own every few seconds. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Makes the names in a folder durable. Windows cannot sync a folder, and keeps names safe by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Tells drafts of this machine from those of another on a folder that both have mounted. */
const MACHINE = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);

/** Tells this process from one before it that had its number, as the first of a container has each time. */
const PROCESS = systemClock.ulid();

/** The name of a draft, where no listing and no key reaches it; it says whose it is. @param id tells it from the others of this process */
export const draftPath = (folder: string, id: string = systemClock.ulid()): string =>
  join(folder, `${MACHINE}-${process.pid}-${PROCESS}-${id}`);

/** Whether a draft is of a process of this machine that is no more. */
function isOfTheDead(name: string): boolean {
  const [machine, pid] = name.split('-');
  if (machine !== MACHINE) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/** Whether a draft was left by a crash. */
export async function isAbandoned(path: string): Promise<boolean> {
  const name = basename(path);
  if (name.startsWith(draftPath('', ''))) return false;
  if (isOfTheDead(name)) return true;
  const found = await unlessAbsent(stat(path));
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS;
}

/** Removes the drafts that crashes have left. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (await isAbandoned(path)) await rm(path, { force: true });
  }
}

/** Removes a file; `false` when there was none. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** A time in microseconds as `utimes` takes it: in Node 20 it cuts off what is less, and half of one more keeps rounding from the one before. */
const secondsOf = (microseconds: number): number => (microseconds + 0.5) / 1e6;

/** Microseconds. */
let lastStamp = 0;

/**
 * Stamps a finished draft with the time and makes its bytes durable. The kernel stamps files with the time of its last
 * tick, some milliseconds ago, which would not tell two quick writes apart; this stamp grows with every write of the
 * process, and its random part keeps two processes apart.
 */
export async function finish(handle: FileHandle): Promise<void> {
  lastStamp = Math.max(Math.floor((Date.now() + Math.random()) * 1_000), lastStamp + 1);
  await handle.utimes(secondsOf(lastStamp), secondsOf(lastStamp));
  await handle.sync();
}

/** Codes of file systems that cannot have one file under both names. */
const NO_LINK: ReadonlySet<string | undefined> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/** Whether an error says that a file cannot have both names. */
export const cannotLink = (error: unknown): boolean => NO_LINK.has(codeOf(error));

/**
 * Gives a file a second name, durably; or, where the file systems cannot, makes a copy that has the file's bytes and time.
 *
 * @throws StoreUnavailable when the copy is not like the file, which may have changed meanwhile
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    return;
  } catch (error) {
    if (!cannotLink(error)) throw error;
  }
  await copyDurably(from, to);
}

/** Copies a file with its time, makes the copy durable and compares it. @throws StoreUnavailable when they differ */
export async function copyDurably(from: string, to: string): Promise<void> {
  const before = await stat(from, { bigint: true });
  await copyFile(from, to, constants.COPYFILE_EXCL);
  const handle = await open(to, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  const time = secondsOf(Number(before.mtimeNs / 1_000n));
  await utimes(to, time, time);
  const after = await stat(from, { bigint: true });
  const same = after.size === before.size && after.mtimeNs === before.mtimeNs && (await equalFiles(from, to));
  if (same) return;
  await rm(to, { force: true });
  throw new StoreUnavailable(`"${from}" changed while it was copied`);
}

/** Whether two paths lead to one file, or to files of the same bytes. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
  if (a.ino === b.ino && a.dev === b.dev) return true;
  return a.size === b.size && equalFiles(one, other);
}

async function equalFiles(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([open(one, 'r'), open(other, 'r')]);
  try {
    const [left, right] = [Buffer.allocUnsafe(COMPARED_BYTES), Buffer.allocUnsafe(COMPARED_BYTES)];
    for (let at = 0; ; ) {
      const [l, r] = await Promise.all([
        a.read(left, 0, COMPARED_BYTES, at),
        b.read(right, 0, COMPARED_BYTES, at),
      ]);
      const read = Math.min(l.bytesRead, r.bytesRead);
      if (read === 0) return l.bytesRead === r.bytesRead;
      if (left.compare(right, 0, read, 0, read) !== 0) return false;
      at += read;
    }
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

/** Bytes of two files that are compared in one step. */
const COMPARED_BYTES = 1024 * 1024;
