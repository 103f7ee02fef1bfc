/** A file made of pieces: copied step by step, or cloned where that is worth it and the file system can. */

import { constants, truncateSync } from 'node:fs';
import { copyFile, type FileHandle, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Draft } from '../../../../vectorlog/store/files/copying.ts';
import { pattern, sameBytes } from '../conformance.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

const MiB = 1024 * 1024;
/** What sources are made of. */
const BYTES = pattern(24 * MiB + 1, 1);
let folder: string;
let source: string;
let draft: Draft;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-copying-'));
  source = join(folder, 'source');
  draft = await Draft.create(folder);
});
afterEach(async () => {
  noFaults();
  await draft.discard();
  await rm(folder, { recursive: true });
});

const drafts = async () => (await readdir(folder)).filter((name) => name !== 'source');
const bytesOf = async () => new Uint8Array(await readFile(draft.path));

describe('a draft', () => {
  it('grows piece by piece, and goes when it is discarded', async () => {
    await writeFile(source, '0123456789');
    expect(draft.size).toBe(0);
    await draft.append(Buffer.from('ab'));
    await draft.appendRange('k', source, { start: 3, end: 7 });
    await draft.append(Buffer.from('c'));
    expect(draft.size).toBe(7);
    expect(await readFile(draft.path, 'utf8')).toBe('ab3456c');
    expect(await drafts()).toEqual([basename(draft.path)]);
    await draft.discard();
    expect(await drafts()).toEqual([]);
    draft = await Draft.create(folder);
  });

  it('copies a MiB at a time, four at once, each to its place', async () => {
    const bytes = BYTES.subarray(0, 6 * MiB + 5);
    await writeFile(source, bytes);
    await draft.append(new Uint8Array(10));
    let open = 0;
    let most = 0;
    around.open = async (next) => {
      const handle = (await next()) as FileHandle;
      const read = handle.read.bind(handle) as unknown as (...args: unknown[]) => Promise<unknown>;
      const counted = async (...args: unknown[]) => {
        most = Math.max(most, ++open);
        const result = await read(...args);
        open--;
        return result;
      };
      handle.read = counted as unknown as FileHandle['read'];
      return handle;
    };
    await draft.appendRange('k', source, { start: 5, end: bytes.length });
    expect(sameBytes((await bytesOf()).subarray(10), bytes.subarray(5))).toBe(true);
    expect(draft.size).toBe(6 * MiB + 10);
    expect(most).toBe(4);
  });

  it('refuses a range that its source does not have', async () => {
    await writeFile(source, '0123456789');
    await draft.appendRange('k', source, { start: 9, end: 10 });
    await expect(draft.appendRange('k', source, { start: 9, end: 11 })).rejects.toMatchObject({
      name: 'RangeNotSatisfiable',
      key: 'k',
    });
    await expect(draft.appendRange('k', join(folder, 'gone'), { start: 0, end: 1 })).rejects.toThrow(
      'ENOENT',
    );
  });
});

describe('a clone', () => {
  const LEAST = 16 * MiB;
  const FORCED = constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL;
  let clones: number;
  beforeEach(() => {
    clones = 0;
    // As a file system that shares blocks.
    around.copyFile = (next, from, to, mode) => {
      if (mode !== FORCED) return next();
      clones++;
      delete around.copyFile;
      return copyFile(`${from}`, `${to}`, constants.COPYFILE_EXCL);
    };
  });

  it('is made of a large range that keeps its place, with what comes before it, and ends where the range does', async () => {
    const bytes = BYTES.subarray(0, LEAST + 100);
    await writeFile(source, bytes);
    await draft.append(Buffer.from('head!'));
    const before = draft.path;

    await draft.appendRange('k', source, { start: 5, end: LEAST + 5 });
    await draft.append(Buffer.from('tail'));

    expect(clones).toBe(1);
    expect(draft.path).not.toBe(before);
    expect(await drafts()).toEqual([basename(draft.path)]);
    expect(draft.size).toBe(LEAST + 9);
    const expected = Buffer.concat([Buffer.from('head!'), bytes.subarray(5, LEAST + 5), Buffer.from('tail')]);
    expect(sameBytes(await bytesOf(), expected)).toBe(true);
    expect(sameBytes(await readFile(source), bytes)).toBe(true);
  });

  it.each([
    ['a range that moves', 5, { start: 6, end: LEAST + 6 }, 0],
    ['a range below 16 MiB', 5, { start: 5, end: LEAST + 4 }, 0],
    ['one that more than 8 MiB come before', 8 * MiB + 1, { start: 8 * MiB + 1, end: 24 * MiB + 1 }, 0],
    ['one that 8 MiB come before', 8 * MiB, { start: 8 * MiB, end: 24 * MiB }, 1],
  ])('of %s is worth it or not', async (_, before, range, expected) => {
    const bytes = BYTES.subarray(0, range.end);
    await writeFile(source, bytes);
    await draft.append(new Uint8Array(before));
    await draft.appendRange('k', source, range);
    expect(clones).toBe(expected);
    const made = await bytesOf();
    expect(sameBytes(made.subarray(0, before), new Uint8Array(before))).toBe(true);
    expect(sameBytes(made.subarray(before), bytes.subarray(range.start, range.end))).toBe(true);
  });

  it('is a copy where the file system shares no blocks', async () => {
    around.copyFile = async (_, __, to) => {
      await writeFile(`${to}`, 'begun');
      throw fsError('ENOTSUP');
    };
    const bytes = BYTES.subarray(0, LEAST);
    await writeFile(source, bytes);
    await draft.appendRange('k', source, { start: 0, end: LEAST });
    expect(sameBytes(await bytesOf(), bytes)).toBe(true);
    expect(await drafts()).toHaveLength(1);
  });

  it('of a source that is too short is none, and nothing stays of it', async () => {
    await writeFile(source, BYTES.subarray(0, LEAST - 1));
    const closed: string[] = [];
    const { path } = draft;
    around.open = async (next, opened) => {
      const handle = (await next()) as FileHandle;
      const close = handle.close.bind(handle);
      handle.close = () => {
        closed.push(`${opened}`);
        return close();
      };
      return handle;
    };
    await expect(draft.appendRange('k', source, { start: 0, end: LEAST })).rejects.toMatchObject({
      name: 'RangeNotSatisfiable',
    });
    expect(clones).toBe(1);
    expect(closed).toHaveLength(2);
    expect(closed[1]).toBe(source);
    expect(await drafts()).toEqual([basename(path)]);
  });

  it('is none where the draft itself was cut', async () => {
    await writeFile(source, BYTES.subarray(0, LEAST + 5));
    await draft.append(Buffer.from('head!'));
    truncateSync(draft.path, 3);
    await draft.appendRange('k', source, { start: 5, end: LEAST + 5 });
    expect(clones).toBe(1);
    expect((await bytesOf()).length).toBe(LEAST + 5);
    expect(await drafts()).toEqual([basename(draft.path)]);
  });

  it('that cannot be opened or written to leaves nothing', async () => {
    await writeFile(source, BYTES.subarray(0, LEAST));
    let closed = 0;
    for (const failing of [
      () => Promise.reject(fsError('EIO')),
      async (next: () => Promise<unknown>) => {
        const handle = (await next()) as FileHandle;
        const close = handle.close.bind(handle);
        handle.truncate = () => Promise.reject(fsError('EIO'));
        handle.close = () => {
          closed++;
          return close();
        };
        return handle;
      },
    ]) {
      around.copyFile = (_, from, to) => {
        delete around.copyFile;
        return copyFile(`${from}`, `${to}`);
      };
      around.open = failing;
      await expect(draft.appendRange('k', source, { start: 0, end: LEAST })).rejects.toThrow('EIO');
      noFaults();
      expect(await drafts()).toEqual([basename(draft.path)]);
    }
    expect(closed).toBe(1);
  });
});
