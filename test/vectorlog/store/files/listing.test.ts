/** A walk through a folder: in the order of keys, past what is to be left alone or cannot be looked at, and no further than asked. */

import { lstat, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Walk, walkKeys } from '../../../../vectorlog/store/files/listing.ts';
import { Places } from '../../../../vectorlog/store/files/places.ts';
import type { ListOptions } from '../../../../vectorlog/store/object-store.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

let root: string;
let places: Places;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'likeness-listing-')));
  places = new Places(root, join(root, '.store'), false);
  await mkdir(places.oddFolder, { recursive: true });
});
afterEach(async () => {
  noFaults();
  await rm(root, { recursive: true });
});

async function write(...keys: string[]): Promise<void> {
  for (const key of keys) {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), key);
  }
}

/** An object under a key that can be no file. */
async function writeOdd(key: string): Promise<void> {
  await writeFile(places.oddPath(key), key);
  await writeFile(`${places.oddPath(key)}.key`, key);
}

async function keysOf(walk: Walk = {}, options: Partial<ListOptions> = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of walkKeys(places, walk, { prefix: '', ...options })) keys.push(key);
  return keys;
}

/** The folders that a walk looks into, as keys. */
async function foldersOf(options: Partial<ListOptions>): Promise<string[]> {
  const folders: string[] = [];
  around.readdir = (next, path) => {
    if (path !== places.oddFolder) folders.push(`${path}/`.slice(root.length + 1));
    return next();
  };
  await keysOf({}, options);
  noFaults();
  return folders;
}

describe('the order of keys', () => {
  it('is that of their bytes, where a folder counts with its slash', async () => {
    await write('b', 'a/b', 'a.jpg', 'a-b', 'a0', 'a/a/c');
    expect(await keysOf()).toEqual(['a-b', 'a.jpg', 'a/a/c', 'a/b', 'a0', 'b']);
  });

  it('has odd keys in their places', async () => {
    await write('b', 'd');
    for (const key of ['d/', 'c//', '..', 'b']) await writeOdd(key);
    await writeFile(join(places.oddFolder, 'no-key'), '');
    const paths = new Map<string, string>();
    for await (const { key, path } of walkKeys(places, {}, { prefix: '' })) paths.set(key, path);
    expect([...paths.keys()]).toEqual(['..', 'b', 'c//', 'd', 'd/']);
    expect(paths.get('..')).toBe(places.oddPath('..'));
    expect(paths.get('b')).toBe(join(root, 'b'));
    expect(await keysOf({}, { startAfter: '..', endBefore: 'd/' })).toEqual(['b', 'c//', 'd']);
    expect(await keysOf({}, { prefix: 'd' })).toEqual(['d', 'd/']);
  });

  it('leaves out links, and paths that are longer than a key', async () => {
    const long = Array.from({ length: 5 }, () => 'f'.repeat(220)).join('/');
    await write('a', long);
    await symlink(join(root, 'a'), join(root, 'link'));
    await symlink(root, join(root, 'loop'));
    expect(long).toHaveLength(1_104);
    expect(await keysOf()).toEqual(['a']);
  });
});

describe('what is looked into', () => {
  beforeEach(() => write('a/1', 'b/1/x', 'b/2/x', 'b/2/y', 'b/22', 'c/1'));

  it.each<[Partial<ListOptions>, string[], string[]]>([
    [{ prefix: 'b/2' }, ['b/2/x', 'b/2/y', 'b/22'], ['', 'b/', 'b/2/']],
    [{ prefix: 'b/2/' }, ['b/2/x', 'b/2/y'], ['', 'b/', 'b/2/']],
    [{ prefix: 'd' }, [], ['']],
    [{ startAfter: 'b/2/x' }, ['b/2/y', 'b/22', 'c/1'], ['', 'b/', 'b/2/', 'c/']],
    [{ startAfter: 'b/22' }, ['c/1'], ['', 'b/', 'c/']],
    [{ endBefore: 'b/2/y' }, ['a/1', 'b/1/x', 'b/2/x'], ['', 'a/', 'b/', 'b/1/', 'b/2/']],
    [{ endBefore: 'b/' }, ['a/1'], ['', 'a/']],
  ])('for %j is no more than needed', async (options, keys, folders) => {
    expect(await keysOf({}, options)).toEqual(keys);
    expect(await foldersOf(options)).toEqual(folders);
  });
});

describe('what is passed over', () => {
  it('is what the owner leaves alone', async () => {
    await write('a/1', 'a/2', 'b/1', 'c');
    const asked: string[] = [];
    const leaveAlone = (key: string) => {
      asked.push(key);
      return key === 'a/' || key === 'c';
    };
    expect(await keysOf({ leaveAlone })).toEqual(['b/1']);
    expect(asked).toEqual(['a/', 'b/', 'b/1', 'c']);
  });

  it('is a folder that is gone by the time', async () => {
    await write('a/1', 'b/1');
    around.readdir = (next, path) => (path === join(root, 'a') ? Promise.reject(fsError('ENOENT')) : next());
    expect(await keysOf()).toEqual(['b/1']);
  });

  it('is a folder that nobody can look into, where somebody wants to hear of it', async () => {
    await write('a/1', 'b/1');
    const told: string[] = [];
    const onUnreadable = (key: string) => told.push(key);
    const failing = (code: string, failed: string) => {
      around.readdir = (next, path) => (path === failed ? Promise.reject(fsError(code)) : next());
    };
    failing('EACCES', join(root, 'a'));
    expect(await keysOf({ onUnreadable })).toEqual(['b/1']);
    expect(told).toEqual(['a/']);
    await expect(keysOf()).rejects.toThrow('EACCES');
    failing('EINVAL', join(root, 'a'));
    await expect(keysOf({ onUnreadable })).rejects.toThrow('EINVAL');
    failing('EACCES', root);
    await expect(keysOf({ onUnreadable })).rejects.toThrow('EACCES');
    expect(told).toEqual(['a/']);
  });

  it('is never the whole store', async () => {
    around.readdir = (next, path) => (path === root ? Promise.reject(fsError('ENOENT')) : next());
    await expect(keysOf()).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: `the folder ${root} is gone`,
    });
  });
});

describe('a name that is not UTF-8', () => {
  it.skipIf(process.platform !== 'linux')('is told of, of a file and of a folder', async () => {
    await write('a', 'whole \ufffd');
    const odd = (name: string) =>
      Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff]), Buffer.from(name)]);
    await writeFile(odd('.jpg'), '');
    await mkdir(odd(''));
    const told: string[] = [];
    expect(await keysOf({ onUnnameable: (key) => told.push(key) })).toEqual(['a', 'whole \ufffd']);
    expect(told).toEqual(['\ufffd.jpg', '\ufffd/']);
    expect(await keysOf()).toEqual(['a', 'whole \ufffd', '\ufffd.jpg']);
  });
});

describe('mounts', () => {
  const table = (...folders: string[]) =>
    ['/', ...folders].map((folder) => `1 1 8:1 / ${folder} rw - ext4 /dev/sda rw\n`).join('');
  const mountsIn = async (tables: string[]) => {
    around.readFile = (next, path) =>
      path === '/proc/self/mountinfo' ? (tables.length > 1 ? tables.shift() : tables[0]) : next();
    const told: unknown[] = [];
    const keys = await keysOf({ onMount: (key, device) => told.push([key, device]) });
    return { told, keys };
  };

  it('are told of, with what tells the folder from another', async () => {
    await write('a/1', 'm/x/1', 'z');
    const { dev, ino } = await lstat(join(root, 'm'), { bigint: true });
    const { told, keys } = await mountsIn([table(join(root, 'm'), root)]);
    expect(told).toEqual([['m/', { dev, ino }]]);
    expect(keys).toEqual(['a/1', 'm/x/1', 'z']);
  });

  it('are none where the mount went during the walk, and not looked for where nobody asks', async () => {
    await write('m/1');
    expect((await mountsIn([table(join(root, 'm')), table()])).told).toEqual([]);
    around.readFile = (next, path) => {
      expect(path).not.toBe('/proc/self/mountinfo');
      return next();
    };
    expect(await keysOf()).toEqual(['m/1']);
  });

  it('are folders of other devices as well', async () => {
    await write('a/1', 'm/x/1');
    around.lstat = async (next, path) => {
      const { dev, ino } = (await next()) as { dev: bigint; ino: bigint };
      return { ino, dev: `${path}`.startsWith(join(root, 'm')) ? dev + 1n : dev };
    };
    const { told } = await mountsIn([table()]);
    expect(told.map((each) => (each as unknown[])[0])).toEqual(['m/']);
  });
});
