/** Files as an object store sees them: what their errors mean, whole stretches of them, and their entity tags. */

import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { LikenessError } from '../../errors.ts';
import { mapInParallel } from '../../parallel.ts';
import { StoreUnavailable, StoreUnsuitable } from '../errors.ts';

/** Codes that say: nothing that is ours stands under this path. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ENXIO']);

/** Codes that no second try mends, and what their owner has to do. */
const UNSUITABLE: Readonly<Record<string, string>> = {
  EACCES: 'give Likeness the permission to read and write there',
  EPERM: 'give Likeness the permission to read and write there, on a file system that has hard links',
  EROFS: 'the file system is read-only; choose another folder',
  ENOTSUP: 'the file system has no hard links; choose another folder',
  EOPNOTSUPP: 'the file system has no hard links; choose another folder',
  ENOSYS: 'the file system has no hard links; choose another folder',
};

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Whether an error says that there is no file. */
export const saysAbsent = (error: unknown): boolean => ABSENT.has(codeOf(error) ?? '');

/** Whether an error says that this user may not look there. */
export const forbids = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(codeOf(error) ?? '');

/** Codes of a share or a disk that has broken off, and of one that is damaged in a place. */
const BROKEN = [
  'ENOTCONN',
  'ESTALE',
  'EIO',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ENODEV',
];

/** Whether an error says that nobody can look there now, while other places may be as good as ever. */
export const isOutOfReach = (error: unknown): boolean =>
  forbids(error) || BROKEN.includes(codeOf(error) ?? '');

/** Whether a file system says that it can have no file of this name: a character that it does not know, or too many. */
export const refusesName = (error: unknown): boolean =>
  ['EINVAL', 'EILSEQ', 'ENAMETOOLONG'].includes(codeOf(error) ?? '');

/** Gives `undefined` for a file that is not there, and rejects for every other reason. */
export async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (saysAbsent(error)) return undefined;
    throw error;
  }
}

/** Runs `work`; errors of the file system come out as errors of a store. */
export async function withStoreErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof LikenessError || code === undefined || !('syscall' in (error as Error))) throw error;
    const { message } = error as Error;
    const remedy = UNSUITABLE[code];
    throw remedy === undefined
      ? new StoreUnavailable(message, { cause: error })
      : new StoreUnsuitable(`${message}: ${remedy}`, { cause: error });
  }
}

/** Bytes of one step, far below what one call of the system takes, and steps at once: more threads bring no more. */
const STEP_BYTES = 16 * 1024 * 1024;
const STEPS_AT_ONCE = 4;

/** Writes all of `bytes` at `position`. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(STEP_BYTES, bytes.byteLength - done);
    const { bytesWritten } = await handle.write(bytes, done, length, position + done);
    done += bytesWritten;
  }
}

/** Fills `target` from `position` on; `false` when the file ends before. */
export async function readAll(handle: FileHandle, target: Uint8Array, position: number): Promise<boolean> {
  const starts = Array.from(
    { length: Math.ceil(target.byteLength / STEP_BYTES) },
    (_, step) => step * STEP_BYTES,
  );
  const isWhole = await mapInParallel(STEPS_AT_ONCE, starts, (start) =>
    readStep(handle, target.subarray(start, start + STEP_BYTES), position + start),
  );
  return !isWhole.includes(false);
}

async function readStep(handle: FileHandle, target: Uint8Array, position: number): Promise<boolean> {
  for (let done = 0; done < target.byteLength; ) {
    const { bytesRead } = await handle.read(target, done, target.byteLength - done, position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}

/** Differs between two writes of a key, and is the same for a copy of the folder that kept the times. */
export const eTagOf = (stats: BigIntStats): string =>
  `${stats.size.toString(16)}-${stats.mtimeNs.toString(16)}`;
