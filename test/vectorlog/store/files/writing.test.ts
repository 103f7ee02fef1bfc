/** Drafts, and second names of files: what is left of whom, and what is done where a file system cannot. */

import {
  appendFile,
  type FileHandle,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  cannotLink,
  copyDurably,
  draftPath,
  finish,
  isAbandoned,
  isSameFile,
  linkOrCopy,
  removeAbandoned,
  removeFile,
  syncFolder,
} from '../../../../vectorlog/store/files/writing.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

const MiB = 1024 * 1024;
let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-writing-'));
});
afterEach(async () => {
  noFaults();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

describe('a draft', () => {
  const [machine] = basename(draftPath('')).split('-');

  it('has a name that says whose it is', () => {
    expect(draftPath('/f')).toMatch(new RegExp(`^/f/[0-9a-f]{12}-${process.pid}-[0-9A-Z]{26}-[0-9A-Z]{26}$`));
    expect(draftPath('/f')).not.toBe(draftPath('/f'));
    expect(draftPath('/f', 'id')).toMatch(/-id$/);
  });

  it('of this process is not abandoned, however old it is', async () => {
    await writeFile(at(basename(draftPath('', 'x'))), '');
    await utimes(at(basename(draftPath('', 'x'))), 1, 1);
    expect(await isAbandoned(at(basename(draftPath('', 'x'))))).toBe(false);
  });

  it('of one before with the same number is, and so is that of one that is no more', async () => {
    const kill = vi.spyOn(process, 'kill');
    expect(await isAbandoned(at(`${machine}-${process.pid}-EARLIER-1`))).toBe(true);
    expect(kill).not.toHaveBeenCalled();
    for (const [code, expected] of [
      ['ESRCH', true],
      ['EPERM', false],
      [undefined, false],
    ] as const) {
      kill.mockImplementation(() => {
        if (code) throw fsError(code);
        return true;
      });
      expect(await isAbandoned(at(`${machine}-4711-ANY-1`)), `${code}`).toBe(expected);
      expect(kill).toHaveBeenLastCalledWith(4711, 0);
    }
  });

  it('of another machine is after an hour in which nobody touched it', async () => {
    const kill = vi.spyOn(process, 'kill');
    await writeFile(at('other-1-ANY-1'), '');
    await utimes(at('other-1-ANY-1'), 1_000, 1_000);
    const now = vi.spyOn(Date, 'now');
    now.mockReturnValue(1_000_000 + 3_600_000);
    expect(await isAbandoned(at('other-1-ANY-1'))).toBe(false);
    now.mockReturnValue(1_000_000 + 3_600_001);
    expect(await isAbandoned(at('other-1-ANY-1'))).toBe(true);
    expect(await isAbandoned(at('gone-1-ANY-1'))).toBe(false);
    expect(kill).not.toHaveBeenCalled();
  });

  it('goes when it is abandoned, and others stay', async () => {
    for (const name of ['old', 'young']) await writeFile(at(name), '');
    await utimes(at('old'), 1, 1);
    await removeAbandoned(folder);
    expect(await readdir(folder)).toEqual(['young']);
  });
});

describe('removing a file', () => {
  it('says whether there was one', async () => {
    await writeFile(at('a'), '');
    expect(await removeFile(at('a'))).toBe(true);
    expect(await removeFile(at('a'))).toBe(false);
    await mkdir(at('folder'));
    await expect(removeFile(at('folder'))).rejects.toThrow();
  });
});

describe('a folder', () => {
  it('is synced, but on Windows, which cannot', async () => {
    const closed: string[] = [];
    around.open = async (next) => {
      const handle = (await next()) as FileHandle;
      const close = handle.close.bind(handle);
      handle.sync = async () => {
        closed.push('sync');
      };
      handle.close = async () => {
        closed.push('close');
        await close();
      };
      return handle;
    };
    await syncFolder(folder);
    expect(closed).toEqual(['sync', 'close']);
    await expect(syncFolder(at('gone'))).rejects.toThrow('ENOENT');
    const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
    try {
      await syncFolder(at('gone'));
    } finally {
      Object.defineProperty(process, 'platform', platform);
    }
    expect(closed).toEqual(['sync', 'close']);
  });
});

describe('a second name', () => {
  it('is that of the same file', async () => {
    await writeFile(at('a'), 'x');
    await linkOrCopy(at('a'), at('b'));
    expect((await stat(at('b'))).ino).toBe((await stat(at('a'))).ino);
    await expect(linkOrCopy(at('a'), at('b'))).rejects.toThrow('EEXIST');
  });

  it.each(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])(
    'is that of a copy, of the same time, where the file system says %s',
    async (code) => {
      around.link = () => Promise.reject(fsError(code));
      await writeFile(at('a'), 'x');
      await utimes(at('a'), 5, 1_700_000_000.123_456);
      await linkOrCopy(at('a'), at('b'));
      expect((await stat(at('b'))).ino).not.toBe((await stat(at('a'))).ino);
      expect(await readFile(at('b'), 'utf8')).toBe('x');
      expect(cannotLink(fsError(code))).toBe(true);
    },
  );

  it('of a copy has the file’s time to the microsecond', async () => {
    around.link = () => Promise.reject(fsError('EXDEV'));
    for (let i = 0; i < 50; i++) {
      const time = 1_700_000_000 + i * 1_001;
      await writeFile(at(`a${i}`), 'x');
      await utimes(at(`a${i}`), 5, time + i / 1_000);
      await linkOrCopy(at(`a${i}`), at(`b${i}`));
      const [{ mtimeNs }, { mtimeNs: ofCopy }] = await Promise.all([
        stat(at(`a${i}`), { bigint: true }),
        stat(at(`b${i}`), { bigint: true }),
      ]);
      expect(ofCopy / 1_000n).toBe(mtimeNs / 1_000n);
    }
  });

  it('is none where the disk fails', async () => {
    around.link = () => Promise.reject(fsError('EIO'));
    await writeFile(at('a'), 'x');
    await expect(linkOrCopy(at('a'), at('b'))).rejects.toThrow('EIO');
    expect(await readdir(folder)).toEqual(['a']);
    expect(cannotLink(fsError('EIO'))).toBe(false);
    expect(cannotLink(new Error('x'))).toBe(false);
  });
});

describe('a copy', () => {
  it('replaces nothing', async () => {
    for (const name of ['a', 'b']) await writeFile(at(name), name);
    await expect(copyDurably(at('a'), at('b'))).rejects.toThrow('EEXIST');
    expect(await readFile(at('b'), 'utf8')).toBe('b');
  });

  it.each<[string, () => Promise<void>]>([
    ['grew', () => appendFile(at('a'), 'more').then(() => utimes(at('a'), 9, 9))],
    ['was touched', () => utimes(at('a'), 9, 10)],
    [
      'has other bytes though the same size and time',
      () => writeFile(at('a'), 'other').then(() => utimes(at('a'), 9, 9)),
    ],
  ])('of a file that %s meanwhile is refused, and goes', async (_, change) => {
    await writeFile(at('a'), 'bytes');
    await utimes(at('a'), 9, 9);
    around.copyFile = async (next) => {
      await next();
      await change();
    };
    await expect(copyDurably(at('a'), at('b'))).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: `"${at('a')}" changed while it was copied`,
    });
    expect(await readdir(folder)).toEqual(['a']);
  });
});

describe('two paths', () => {
  it('lead to the same file, or to the same bytes, or do not', async () => {
    await writeFile(at('a'), 'bytes');
    await link(at('a'), at('linked'));
    await writeFile(at('equal'), 'bytes');
    await writeFile(at('other'), 'bytez');
    await writeFile(at('longer'), 'bytes!');
    const same = (name: string) => isSameFile(at('a'), at(name));
    expect(await Promise.all(['a', 'linked', 'equal', 'other', 'longer'].map(same))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('are compared to their ends', async () => {
    const bytes = Buffer.alloc(2 * MiB + 10, 7);
    for (const [name, place] of [
      ['a', 0],
      ['equal', 0],
      ['second', MiB + 1],
      ['last', 2 * MiB + 9],
    ] as const) {
      const copy = Buffer.from(bytes);
      if (place > 0) copy[place] = 8;
      await writeFile(at(name), copy);
    }
    expect(await isSameFile(at('a'), at('equal'))).toBe(true);
    expect(await isSameFile(at('a'), at('second'))).toBe(false);
    expect(await isSameFile(at('a'), at('last'))).toBe(false);
  });

  it('of one inode on two devices are compared, and so is a file that shrinks meanwhile', async () => {
    await writeFile(at('a'), 'bytes');
    await writeFile(at('b'), 'byt');
    let devices = 0n;
    around.stat = async () => ({ ino: 1n, dev: devices++, size: 5n });
    expect(await isSameFile(at('a'), at('b'))).toBe(false);
  });
});

describe('finishing a draft', () => {
  it('stamps it with the time and then syncs it', async () => {
    const done: unknown[] = [];
    const handle = {
      utimes: async (...times: number[]) => done.push(times),
      sync: async () => done.push('sync'),
    } as unknown as FileHandle;
    vi.spyOn(Math, 'random').mockReturnValue(0.25);
    vi.spyOn(Date, 'now').mockReturnValue(4e12);
    await finish(handle);
    expect(done).toEqual([
      [expect.closeTo(4e9 + 0.000_250_5, 6), expect.closeTo(4e9 + 0.000_250_5, 6)],
      'sync',
    ]);
  });

  it.each([4.1e12, 3e12])(
    'gives a later time than the one before, by a clock that stands at %s',
    async (ms) => {
      vi.spyOn(Date, 'now').mockReturnValue(ms);
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      const handle = await open(at('a'), 'w');
      const times: bigint[] = [];
      for (let i = 0; i < 100; i++) {
        await finish(handle);
        times.push((await handle.stat({ bigint: true })).mtimeNs / 1_000n);
      }
      await handle.close();
      expect(times.map((time) => time - times[0]!)).toEqual(times.map((_, i) => BigInt(i)));
    },
  );
});
