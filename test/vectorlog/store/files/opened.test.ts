/** The folders of an open store: where objects are found and written, and drafts on the file system of what they become. */

import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describe as describeFile, infoOf, Opened } from '../../../../vectorlog/store/files/opened.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

let root: string;
let side: string;
const at = (name: string) => join(root, name);
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'likeness-opened-')));
  side = at('.store');
});
afterEach(async () => {
  noFaults();
  await rm(root, { recursive: true });
});
const open = (options = {}) => Opened.in(root, side, options);

/** Leaves what a crash left long ago. */
async function abandon(path: string): Promise<void> {
  await writeFile(path, 'torn');
  await utimes(path, 1, 1);
}

/** Has something mounted at these folders. */
function mount(...folders: string[]): void {
  around.readFile = (next, path) =>
    path === '/proc/self/mountinfo'
      ? ['/', ...folders].map((folder) => `1 1 8:1 / ${folder} rw - ext4 /dev/sda rw\n`).join('')
      : next();
}

describe('opening', () => {
  it('makes the side folder, and takes away what crashes have left', async () => {
    await mkdir(join(side, 'drafts'), { recursive: true });
    await mkdir(at('.likeness-drafts'));
    await abandon(join(side, 'drafts/a'));
    await abandon(at('.likeness-drafts/b'));
    const opened = await open();
    expect((await readdir(side)).sort()).toEqual(['drafts', 'notes', 'odd']);
    expect(await readdir(join(side, 'drafts'))).toEqual([]);
    expect(await readdir(at('.likeness-drafts'))).toEqual([]);
    expect(opened.drafts).toBe(join(side, 'drafts'));
    expect(opened.notes.folder).toBe(join(side, 'notes'));
    expect(opened.places.root).toBe(root);
    expect(opened.places.ignoreHidden).toBe(false);
    expect((await open({ ignoreHidden: true })).places.ignoreHidden).toBe(true);
  });

  it('knows the side folder by its real path', async () => {
    await mkdir(at('real'));
    await symlink(at('real'), at('linked'));
    side = at('linked');
    expect((await open()).places.side).toBe(at('real'));
  });

  it('fails where what is left cannot be looked at', async () => {
    around.readdir = (next, path) =>
      path === at('.likeness-drafts') ? Promise.reject(fsError('EIO')) : next();
    await expect(open()).rejects.toThrow('EIO');
  });
});

describe('the place for a key', () => {
  it('is a file of its name', async () => {
    const opened = await open();
    expect(await opened.placeFor('a/b')).toBe(at('a/b'));
    expect(await readdir(join(side, 'odd'))).toEqual([]);
  });

  it('that none can have is odd, and the key is written down once', async () => {
    const opened = await open();
    const path = opened.places.oddPath('..');
    expect(await opened.placeFor('..')).toBe(path);
    expect(await readFile(`${path}.key`, 'utf8')).toBe('..');
    expect(await readdir(opened.drafts)).toEqual([]);
    const { ino } = await lstat(`${path}.key`);
    await opened.placeFor('..');
    expect((await lstat(`${path}.key`)).ino).toBe(ino);
  });

  it('is refused to such a key where only files are kept', async () => {
    const opened = await open({ onlyFiles: true });
    await mkdir(at('folder'));
    for (const key of ['..', 'folder'])
      await expect(opened.placeFor(key)).rejects.toMatchObject({
        name: 'KeyInvalid',
        message: `"${key}" cannot be an object key: no file of the folder can have this name, or another one stands in its way`,
      });
    expect(await opened.placeFor('a')).toBe(at('a'));
    expect(await readdir(join(side, 'odd'))).toEqual([]);
  });

  it('leaves no draft where the key cannot be written down', async () => {
    const opened = await open();
    around.rename = () => Promise.reject(fsError('EIO'));
    await expect(opened.placeFor('..')).rejects.toThrow('EIO');
    expect(await readdir(opened.drafts)).toEqual([]);
  });
});

describe('drafts', () => {
  it('of what is on the mount of the side folder are there', async () => {
    const opened = await open();
    mount();
    await mkdir(at('a'));
    for (const key of ['x', 'a/x', 'new/folder/x'])
      expect(await opened.draftsFor(at(key))).toBe(join(side, 'drafts'));
    expect((await readdir(root)).sort()).toEqual(['.store', 'a']);
  });

  it('of what is on another are at its top, and those that crashes left there go', async () => {
    const opened = await open();
    await mkdir(at('m/deep/er'), { recursive: true });
    mount(at('m'));
    const drafts = at('m/.likeness-drafts');
    for (const key of ['m/x', 'm/deep/x', 'm/deep/er/x', 'm/new/x'])
      expect(await opened.draftsFor(at(key))).toBe(drafts);
    expect(await opened.draftsFor(at('x'))).toBe(join(side, 'drafts'));
    await abandon(join(drafts, 'old'));
    await opened.draftsFor(at('m/x'));
    expect(await readdir(drafts)).toEqual([]);
    expect(await readdir(at('m/deep'))).toEqual(['er']);
  });

  it('of a folder whose side folder is on another mount are at the top of the folder', async () => {
    const opened = await open();
    await mkdir(at('a'));
    mount(side);
    expect(await opened.draftsFor(at('a/x'))).toBe(at('.likeness-drafts'));
    expect(await opened.draftsFor(opened.places.oddPath('..'))).toBe(join(side, 'drafts'));
  });

  it('go by the device as well, where the system tells nothing of mounts', async () => {
    const opened = await open();
    await mkdir(at('m'));
    around.readFile = () => Promise.reject(fsError('ENOENT'));
    around.lstat = async (next, path) => {
      const stats = (await next()) as { dev: number };
      return `${path}`.startsWith(at('m')) ? { dev: stats.dev + 1 } : stats;
    };
    expect(await opened.draftsFor(at('m/x'))).toBe(at('m/.likeness-drafts'));
    expect(await opened.draftsFor(at('x'))).toBe(join(side, 'drafts'));
  });
});

describe('a walk', () => {
  it('that asks for no mounts is left as it is', async () => {
    const opened = await open();
    const leaveAlone = () => false;
    expect(opened.walkWith({ leaveAlone })).toEqual({ leaveAlone });
  });

  it('tells of mounts, and takes away what crashes have left on them', async () => {
    const opened = await open();
    await mkdir(at('m/.likeness-drafts'), { recursive: true });
    await abandon(at('m/.likeness-drafts/old'));
    const told: unknown[] = [];
    const leaveAlone = () => false;
    const walk = opened.walkWith({ leaveAlone, onMount: (...args) => told.push(args) });
    expect(walk.leaveAlone).toBe(leaveAlone);
    const device = { dev: 1n, ino: 2n };
    walk.onMount!('m/', device);
    walk.onMount!('gone/', device);
    expect(told).toEqual([
      ['m/', device],
      ['gone/', device],
    ]);
    await expect.poll(() => readdir(at('m/.likeness-drafts')), { interval: 1 }).toEqual([]);
  });
});

describe('the file of an object', () => {
  it('is the ordinary one, or else the odd one; no folder, and nothing behind a link', async () => {
    const opened = await open();
    await mkdir(at('a'));
    await writeFile(opened.places.oddPath('a'), 'odd');
    expect((await opened.find('a'))?.path).toBe(opened.places.oddPath('a'));
    await writeFile(at('b'), 'file');
    await writeFile(opened.places.oddPath('b'), 'odd one');
    expect(await opened.find('b')).toMatchObject({ path: at('b'), stats: { size: 4n } });
    await symlink(at('a'), at('to'));
    await writeFile(at('a/x'), '');
    expect(await opened.find('to/x')).toBeUndefined();
    expect(await opened.find('none')).toBeUndefined();
    await expect(opened.find('')).rejects.toMatchObject({ name: 'KeyInvalid' });
  });

  it('is described by its size and time', async () => {
    await writeFile(at('a'), '12345');
    await utimes(at('a'), 1, 1_700_000_000.25);
    const described = {
      key: 'k',
      size: 5,
      eTag: '5-17979cfe4510b280',
      lastModified: new Date(1_700_000_000_250),
    };
    expect(infoOf('k', await lstat(at('a'), { bigint: true }))).toEqual(described);
    expect(await describeFile({ key: 'k', path: at('a') }, {})).toEqual(described);
  });

  it('that is gone, or no file any more, is not described', async () => {
    await mkdir(at('a'));
    expect(await describeFile({ key: 'k', path: at('gone') }, {})).toBeUndefined();
    expect(await describeFile({ key: 'k', path: at('a') }, {})).toBeUndefined();
  });

  it('that nobody can look at is told of to those who ask', async () => {
    const told: string[] = [];
    const onUnreadable = (key: string) => told.push(key);
    around.lstat = () => Promise.reject(fsError('EACCES'));
    expect(await describeFile({ key: 'k', path: at('a') }, { onUnreadable })).toBeUndefined();
    expect(told).toEqual(['k']);
    await expect(describeFile({ key: 'k', path: at('a') }, {})).rejects.toThrow('EACCES');
    around.lstat = () => Promise.reject(fsError('EINVAL'));
    await expect(describeFile({ key: 'k', path: at('a') }, { onUnreadable })).rejects.toThrow('EINVAL');
    expect(told).toEqual(['k']);
  });
});
