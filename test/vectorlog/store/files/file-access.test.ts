/** What errors of the file system mean, and stretches of files whole, however little a call does. */

import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ObjectNotFound } from '../../../../vectorlog/store/errors.ts';
import {
  codeOf,
  eTagOf,
  forbids,
  isOutOfReach,
  readAll,
  refusesName,
  saysAbsent,
  unlessAbsent,
  withStoreErrors,
  writeAll,
} from '../../../../vectorlog/store/files/file-access.ts';
import { fsError } from './faulty-fs.ts';

const MiB = 1024 * 1024;

describe('the code of an error', () => {
  it('is there when the system gave one', () => {
    expect(codeOf(fsError('EIO'))).toBe('EIO');
    for (const none of [new Error('x'), Object.assign(new Error('x'), { code: 5 }), { code: 'EIO' }, 'EIO'])
      expect(codeOf(none)).toBeUndefined();
  });

  it.each([
    ['ENOENT', 'absent'],
    ['ENOTDIR', 'absent'],
    ['ELOOP', 'absent'],
    ['ENAMETOOLONG', 'absent refused'],
    ['EISDIR', 'absent'],
    ['ENXIO', 'absent'],
    ['EACCES', 'forbidden out-of-reach'],
    ['EPERM', 'forbidden out-of-reach'],
    ['ENOTCONN', 'out-of-reach'],
    ['ESTALE', 'out-of-reach'],
    ['EIO', 'out-of-reach'],
    ['EHOSTDOWN', 'out-of-reach'],
    ['EHOSTUNREACH', 'out-of-reach'],
    ['ETIMEDOUT', 'out-of-reach'],
    ['ECONNABORTED', 'out-of-reach'],
    ['ENODEV', 'out-of-reach'],
    ['EINVAL', 'refused'],
    ['EILSEQ', 'refused'],
    ['ENOSPC', ''],
  ])('%s says: %s', (code, expected) => {
    const said = (error: unknown) =>
      Object.entries({
        absent: saysAbsent,
        refused: refusesName,
        forbidden: forbids,
        'out-of-reach': isOutOfReach,
      })
        .filter(([, says]) => says(error))
        .map(([name]) => name)
        .join(' ');
    expect(said(fsError(code))).toBe(expected);
    expect(said(new Error(code))).toBe('');
  });
});

describe('work on files', () => {
  it('is nothing where there is no file, and fails for every other reason', async () => {
    expect(await unlessAbsent(Promise.resolve(7))).toBe(7);
    expect(await unlessAbsent(Promise.reject(fsError('ENOENT')))).toBeUndefined();
    await expect(unlessAbsent(Promise.reject(fsError('EIO')))).rejects.toThrow('EIO');
  });

  const PERMISSION = 'give Likeness the permission to read and write there';
  const NO_LINKS = 'the file system has no hard links; choose another folder';
  it.each([
    ['EACCES', 'StoreUnsuitable', `EACCES: as scripted: ${PERMISSION}`],
    ['EPERM', 'StoreUnsuitable', `EPERM: as scripted: ${PERMISSION}, on a file system that has hard links`],
    ['EROFS', 'StoreUnsuitable', 'EROFS: as scripted: the file system is read-only; choose another folder'],
    ['ENOTSUP', 'StoreUnsuitable', `ENOTSUP: as scripted: ${NO_LINKS}`],
    ['EOPNOTSUPP', 'StoreUnsuitable', `EOPNOTSUPP: as scripted: ${NO_LINKS}`],
    ['ENOSYS', 'StoreUnsuitable', `ENOSYS: as scripted: ${NO_LINKS}`],
    ['ENOSPC', 'StoreUnavailable', 'ENOSPC: as scripted'],
  ])('that fails with %s is a store that is %s', async (code, name, message) => {
    const cause = fsError(code);
    await expect(withStoreErrors(() => Promise.reject(cause))).rejects.toMatchObject({
      name,
      message,
      cause,
    });
  });

  it('that fails for a reason of its own is left alone', async () => {
    const own = Object.assign(new ObjectNotFound('k'), { code: 'EIO', syscall: 'open' });
    const noCode = Object.assign(new Error('x'), { syscall: 'open' });
    const noCall = Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' });
    for (const error of [own, noCode, noCall, 'text'])
      await expect(withStoreErrors(() => Promise.reject(error))).rejects.toBe(error);
    expect(await withStoreErrors(async () => 5)).toBe(5);
  });
});

describe('a stretch of a file', () => {
  /** Takes or gives `most` bytes a call, of a file of `length` bytes that are each their own number. */
  function handleOf(most: number, length = Number.POSITIVE_INFINITY) {
    const calls: number[][] = [];
    const handle = {
      write: async (_: Uint8Array, offset: number, count: number, position: number) => {
        calls.push([offset, count, position]);
        return { bytesWritten: Math.min(count, most) };
      },
      read: async (target: Uint8Array, offset: number, count: number, position: number) => {
        calls.push([offset, count, position]);
        const bytesRead = Math.max(0, Math.min(count, most, length - position));
        for (let i = 0; i < Math.min(bytesRead, 256); i++) target[offset + i] = position + i;
        return { bytesRead };
      },
    };
    return { handle: handle as unknown as FileHandle, calls };
  }

  it('is written whole where each call takes less', async () => {
    const { handle, calls } = handleOf(3);
    await writeAll(handle, new Uint8Array(7), 100);
    expect(calls).toEqual([
      [0, 7, 100],
      [3, 4, 103],
      [6, 1, 106],
    ]);
  });

  it('is written 16 MiB at a time', async () => {
    const { handle, calls } = handleOf(Number.POSITIVE_INFINITY);
    await writeAll(handle, new Uint8Array(16 * MiB + 5), 2);
    expect(calls).toEqual([
      [0, 16 * MiB, 2],
      [16 * MiB, 5, 16 * MiB + 2],
    ]);
    calls.length = 0;
    await writeAll(handle, new Uint8Array(0), 0);
    expect(calls).toEqual([]);
  });

  it('is read whole where each call gives less', async () => {
    const { handle, calls } = handleOf(3);
    const target = new Uint8Array(7);
    expect(await readAll(handle, target, 10)).toBe(true);
    expect([...target]).toEqual([10, 11, 12, 13, 14, 15, 16]);
    expect(calls).toEqual([
      [0, 7, 10],
      [3, 4, 13],
      [6, 1, 16],
    ]);
  });

  it('is read in steps of 16 MiB', async () => {
    const { handle, calls } = handleOf(Number.POSITIVE_INFINITY);
    expect(await readAll(handle, new Uint8Array(33 * MiB), 2)).toBe(true);
    expect(calls).toEqual([
      [0, 16 * MiB, 2],
      [0, 16 * MiB, 16 * MiB + 2],
      [0, MiB, 32 * MiB + 2],
    ]);
  });

  it('is not whole where the file ends before', async () => {
    expect(await readAll(handleOf(3, 10).handle, new Uint8Array(7), 3)).toBe(true);
    expect(await readAll(handleOf(3, 10).handle, new Uint8Array(7), 4)).toBe(false);
    expect(await readAll(handleOf(16 * MiB, 20 * MiB).handle, new Uint8Array(33 * MiB), 0)).toBe(false);
    expect(await readAll(handleOf(3, 0).handle, new Uint8Array(0), 5)).toBe(true);
  });
});

it('an entity tag is made of size and time', () => {
  expect(eTagOf({ size: 255n, mtimeNs: 4_096n } as BigIntStats)).toBe('ff-1000');
});
