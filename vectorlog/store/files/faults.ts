/** What the errors of a file system mean for an object store. */

import { LikenessError } from '../../errors.ts';
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
};

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Whether an error says that there is no file. */
export const saysAbsent = (error: unknown): boolean => ABSENT.has(codeOf(error) ?? '');

/** Whether an error says that this user may not look there. */
export const forbids = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(codeOf(error) ?? '');

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
