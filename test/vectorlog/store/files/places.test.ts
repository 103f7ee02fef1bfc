/** Where a key stands: as a file of its own name, or where nothing can be in its way. */

import { lstat, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Places } from '../../../../vectorlog/store/files/places.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

/** Of "abc", as FIPS 180 has it. */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('a name', () => {
  const places = new Places('/r', '/r/in/.store', false);

  it.each([
    ['a', true],
    ['.a', true],
    ['...', true],
    ['', false],
    ['.', false],
    ['..', false],
    ['a\0b', false],
    [`a${'é'.repeat(127)}`, true],
    [`ab${'é'.repeat(127)}`, false],
  ])('%j can be a file: %s', (name, expected) => {
    expect(places.isOrdinaryName('', name)).toBe(expected);
  });

  it('is not that of the side folder, in its place', () => {
    expect(places.isOrdinaryName('in/', '.store')).toBe(false);
    expect(places.isOrdinaryName('', '.store')).toBe(true);
    expect(places.isOrdinaryName('', 'in')).toBe(true);
    expect(new Places('/r', '/elsewhere', false).isOrdinaryName('../', 'elsewhere')).toBe(true);
  });

  it('may be hidden where hidden files are not left alone', () => {
    const visible = new Places('/r', '/s', true);
    expect(['.a', 'a.', 'a'].map((name) => visible.isOrdinaryName('', name))).toEqual([false, true, true]);
  });
});

describe('the paths of a key', () => {
  const places = new Places('/r', '/r/.store', false);

  it('are its own, and that of its hash', () => {
    expect(places.oddFolder).toBe('/r/.store/odd');
    expect(places.candidates('abc')).toEqual(['/r/abc', `/r/.store/odd/${ABC}`]);
    expect(places.ordinaryPath('a/b/c')).toBe('/r/a/b/c');
  });

  it.each(['..', 'a/../b', '/a', 'a/', 'a//b', './a', '.store/x', '.store'])('of %j are one', (key) => {
    expect(places.ordinaryPath(key)).toBeUndefined();
    expect(places.candidates(key)).toEqual([places.oddPath(key)]);
  });
});

describe('the path to write to', () => {
  let root: string;
  let places: Places;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'likeness-places-')));
    places = new Places(root, join(root, '.store'), false);
  });
  afterEach(async () => {
    noFaults();
    await rm(root, { recursive: true });
  });
  const isOrdinary = async (key: string) => {
    const path = await places.forWriting(key);
    expect([join(root, key), places.oddPath(key)]).toContain(path);
    return path === join(root, key);
  };

  it('is in a folder that is made for it, durably', async () => {
    const synced: unknown[] = [];
    around.open = (next, path) => {
      synced.push(path);
      return next();
    };
    expect(await isOrdinary('a/b/c')).toBe(true);
    expect((await lstat(join(root, 'a/b'))).isDirectory()).toBe(true);
    expect(await readdir(join(root, 'a/b'))).toEqual([]);
    expect(synced).toEqual([root, join(root, 'a')]);
    synced.length = 0;
    expect(await isOrdinary('a/b/d')).toBe(true);
    expect(synced).toEqual([]);
  });

  it('is that of a file that is there, and of no folder or link', async () => {
    await writeFile(join(root, 'file'), '');
    await mkdir(join(root, 'folder'));
    await symlink(join(root, 'file'), join(root, 'link'));
    await symlink(join(root, 'folder'), join(root, 'to'));
    expect(await isOrdinary('file')).toBe(true);
    for (const key of ['folder', 'link', 'file/x', 'link/x', 'to/x', 'to/y/z', '..']) {
      expect(await isOrdinary(key), key).toBe(false);
    }
    expect(await readdir(join(root, 'folder'))).toEqual([]);
  });

  it('is not that of a file of another spelling, where the file system does not tell the two apart', async () => {
    await writeFile(join(root, 'file'), '');
    around.realpath = async (next, path) => (path === join(root, 'file') ? join(root, 'FILE') : next());
    expect(await isOrdinary('file')).toBe(false);
    expect(await places.isTrueName(join(root, 'file'))).toBe(false);
  });

  it('is odd where a folder loses the end of its name, and the folder goes', async () => {
    around.readdir = async () => ['a'];
    expect(await isOrdinary('a./x')).toBe(false);
    noFaults();
    expect(await readdir(root)).toEqual([]);
  });

  it.each(['ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'ENOENT'])(
    'is odd where a folder cannot be made: %s',
    async (code) => {
      around.mkdir = () => Promise.reject(fsError(code));
      expect(await isOrdinary('a/x')).toBe(false);
    },
  );

  it('is ordinary where another makes the folder at the same time, and none where the disk fails', async () => {
    around.mkdir = async (next) => {
      await next();
      throw fsError('EEXIST');
    };
    expect(await isOrdinary('a/x')).toBe(true);
    around.mkdir = () => Promise.reject(fsError('EIO'));
    await expect(places.forWriting('b/x')).rejects.toThrow('EIO');
  });

  it('is odd where the store’s own folder is gone', async () => {
    const gone = new Places(join(root, 'gone'), join(root, '.store'), false);
    expect(await gone.forWriting('a')).toBe(gone.oddPath('a'));
    expect(await gone.forWriting('a/b')).toBe(gone.oddPath('a/b'));
    expect(await readdir(root)).toEqual([]);
  });
});
