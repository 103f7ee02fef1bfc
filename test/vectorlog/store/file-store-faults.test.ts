/** What the folder store makes of disks that fail and of owners who change files under it, and what it says to a person. */

import { execFileSync } from 'node:child_process';
import {
  appendFile,
  type FileHandle,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ObjectNotFound } from '../../../vectorlog/store/errors.ts';
import { FileStore, type FileStoreOptions } from '../../../vectorlog/store/file-store.ts';
import { allKeys } from './conformance.ts';
import { around, fsError, noFaults } from './files/faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./files/faulty-fs.ts')).faulty(await original()),
);

const utf8 = (text: string) => new TextEncoder().encode(text);
let folder: string;
let store: FileStore;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'likeness-faults-')));
  store = new FileStore(folder);
  await store.put('a', utf8('0123456789'), { contentType: 'x/y' });
});
afterEach(async () => {
  noFaults();
  await rm(folder, { recursive: true });
});

/** Changes the handle of the object's file when it is opened next; counts how many are closed. */
function changingHandle(change: (handle: FileHandle) => void) {
  const counted = { closed: 0 };
  around.open = async (next, path) => {
    const handle = (await next()) as FileHandle;
    if (path !== at('a')) return handle;
    const close = handle.close.bind(handle);
    handle.close = () => {
      counted.closed++;
      return close();
    };
    change(handle);
    return handle;
  };
  return counted;
}

describe('reading', () => {
  it.each([
    ['get', '"a" changed while it was read'],
    ['read', '"a" was cut off'],
  ] as const)('by %s says that the file was cut meanwhile', async (method, message) => {
    const counted = changingHandle((handle) => {
      handle.read = (async () => ({ bytesRead: 0 })) as unknown as FileHandle['read'];
    });
    await expect(
      method === 'get' ? store.get('a') : store.read('a', { start: 0, end: 3 }),
    ).rejects.toMatchObject({ name: 'StoreUnavailable', message });
    expect(counted.closed).toBe(1);
  });

  it('follows no link that takes the place of the file at that moment', async () => {
    await writeFile(at('secret'), 'not asked for');
    around.open = async (next, path) => {
      if (path === at('a')) {
        await rm(at('a'));
        await symlink(at('secret'), at('a'));
      }
      return next();
    };
    await expect(store.read('a', { start: 0, end: 3 })).rejects.toThrow(ObjectNotFound);
  });

  it.skipIf(process.platform === 'win32')('waits for no writer of a pipe that takes its place', async () => {
    around.open = async (next, path) => {
      if (path === at('a')) {
        await rm(at('a'));
        execFileSync('mkfifo', [at('a')]);
      }
      return next();
    };
    await expect(store.get('a')).rejects.toThrow(ObjectNotFound);
  });

  it('says that the file was written to meanwhile, though all its bytes were there', async () => {
    changingHandle((handle) => {
      const read = handle.read.bind(handle) as unknown as (...args: unknown[]) => Promise<unknown>;
      const changed = async (...args: unknown[]) => {
        const result = await read(...args);
        await appendFile(at('a'), 'x');
        return result;
      };
      handle.read = changed as unknown as FileHandle['read'];
    });
    await expect(store.get('a')).rejects.toMatchObject({ message: '"a" changed while it was read' });
  });

  it('tells what the owner of a file that this user may not read can do', async () => {
    for (const code of ['EACCES', 'EPERM']) {
      const cause = fsError(code);
      around.open = (next, path) => (path === at('a') ? Promise.reject(cause) : next());
      await expect(store.get('a')).rejects.toMatchObject({
        name: 'ObjectUnreadable',
        key: 'a',
        obstacle: 'permissions',
        message: 'this user may not read the file; change its permissions or its owner',
        cause,
      });
    }
  });

  it('takes a file that went meanwhile for none, and a disk that fails for what it is', async () => {
    around.open = (next, path) => (path === at('a') ? Promise.reject(fsError('ENOENT')) : next());
    await expect(store.get('a')).rejects.toMatchObject({ name: 'ObjectNotFound', key: 'a' });
    around.open = (next, path) => (path === at('a') ? Promise.reject(fsError('EIO')) : next());
    await expect(store.get('a')).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: 'EIO: as scripted',
    });
    around.lstat = () => Promise.reject(fsError('EIO'));
    await expect(store.head('a')).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });

  it('goes by the eTag, the size and the end of the object', async () => {
    const { eTag } = (await store.head('a'))!;
    expect(await store.get('a', { ifMatch: eTag, maxBytes: 10 })).toMatchObject({ eTag, contentType: 'x/y' });
    await expect(store.get('a', { ifMatch: 'other' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      key: 'a',
    });
    await expect(store.get('a', { maxBytes: 9 })).rejects.toMatchObject({ name: 'ObjectTooLarge', size: 10 });
    await expect(store.read('a', { start: 0, end: 11 })).rejects.toMatchObject({
      name: 'RangeNotSatisfiable',
      key: 'a',
    });
    await expect(store.read('gone', { start: 0, end: 1 })).rejects.toMatchObject({
      name: 'ObjectNotFound',
      key: 'gone',
    });
  });
});

describe('an object that is replaced as it is looked at', () => {
  /** Gives the file another time each time it is looked at, `times` times. */
  const replacing = (times: number) => {
    let looks = 0;
    around.lstat = async (next, path) => {
      const stats = (await next()) as { mtimeNs: bigint };
      if (path === at('a') && looks < times) stats.mtimeNs += BigInt(++looks);
      return stats;
    };
  };

  it('is looked at again, and is given up after ten times', async () => {
    replacing(3);
    expect(await store.head('a')).toMatchObject({ size: 10, contentType: 'x/y' });
    // Each time is a look before the notes are read, and one after.
    replacing(18);
    expect(await store.head('a')).toMatchObject({ size: 10, contentType: 'x/y' });
    replacing(20);
    await expect(store.head('a')).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: '"a" is replaced all the time',
    });
  });

  it('has no notes where it has none, and is none where it goes', async () => {
    await writeFile(at('b'), 'b');
    expect(await store.head('b')).toMatchObject({ contentType: undefined, metadata: {} });
    around.readFile = async (next, path) => {
      if (`${path}`.includes('/notes/')) await rm(at('b'), { force: true });
      return next();
    };
    expect(await store.head('b')).toBeUndefined();
  });
});

describe('opening', () => {
  it('is tried again by the next call', async () => {
    const other = new FileStore(at('new'));
    around.mkdir = () => Promise.reject(fsError('EACCES'));
    await expect(other.head('a')).rejects.toMatchObject({
      name: 'StoreUnsuitable',
      message: 'EACCES: as scripted: give Likeness the permission to read and write there',
    });
    noFaults();
    expect(await other.head('a')).toBeUndefined();
    expect(await readdir(at('new'))).toEqual(['.store']);
  });

  it('is done once', async () => {
    let made = 0;
    around.mkdir = (next) => {
      made++;
      return next();
    };
    const other = new FileStore(at('new'));
    await Promise.all([other.head('a'), other.head('b')]);
    await other.head('c');
    expect(made).toBe(4);
  });

  it('makes the side folder where it is asked to', async () => {
    const other = new FileStore(at('new'), { sideFolder: at('beside') });
    await other.put('x', utf8('x'), { contentType: 'x/y' });
    expect(await readdir(at('new'))).toEqual(['x']);
    expect(await readdir(at('beside/notes'))).toHaveLength(1);
  });
});

describe('a list', () => {
  it('has pages as long as asked for', async () => {
    for (const key of ['b', 'c', 'd']) await store.put(key, utf8(key));
    const pagesOf = async (pageSize: number) => {
      const pages: string[][] = [];
      for await (const page of store.list({ prefix: '', pageSize })) pages.push(page.map(({ key }) => key));
      return pages;
    };
    expect(await pagesOf(3)).toEqual([['a', 'b', 'c'], ['d']]);
    expect(await pagesOf(4)).toEqual([['a', 'b', 'c', 'd']]);
    expect(await pagesOf(2)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('leaves out what goes while it is made, and no page is empty', async () => {
    await store.put('b', utf8('b'));
    around.lstat = (next, path) => (path === at('a') ? Promise.reject(fsError('ENOENT')) : next());
    const pages: unknown[] = [];
    for await (const page of store.list({ prefix: '', pageSize: 1 })) pages.push(page.map(({ key }) => key));
    expect(pages).toEqual([['b']]);
  });

  it('asks the walk that the store was given', async () => {
    await mkdir(at('in'));
    await writeFile(at('in/x'), '');
    const walking = new FileStore(folder, { walk: { leaveAlone: (key) => key === 'in/' } });
    expect(await allKeys(walking)).toEqual(['a']);
    around.readdir = (next, path) => (path === folder ? Promise.reject(fsError('EACCES')) : next());
    await expect(allKeys(walking)).rejects.toMatchObject({ name: 'StoreUnsuitable' });
    noFaults();
    around.lstat = () => Promise.reject(fsError('EIO'));
    await expect(allKeys(walking)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });
});

describe('composing', () => {
  it('names the source that is not there, or too short', async () => {
    const part = (copyFrom: string, end: number) => [{ copyFrom, range: { start: 0, end } }];
    await expect(store.compose('b', part('gone', 1))).rejects.toMatchObject({
      name: 'ObjectNotFound',
      key: 'gone',
    });
    await expect(store.compose('b', part('a', 11))).rejects.toMatchObject({
      name: 'RangeNotSatisfiable',
      key: 'a',
    });
    expect(await store.compose('b', part('a', 10), { contentType: 'x/z' })).toEqual({ size: 10 });
    expect(await store.head('b')).toMatchObject({ size: 10, contentType: 'x/z' });
    expect(await readdir(at('.store/drafts'))).toEqual([]);
  });
});

describe('the file of a key', () => {
  it('is dropped when it is empty, and only then', async () => {
    await writeFile(at('empty'), '');
    for (const key of ['empty', 'a', 'gone']) await store.dropEmpty(key);
    expect(await allKeys(store)).toEqual(['a']);
  });

  it('is another file, or has its bytes, or not', async () => {
    await writeFile(at('same'), '0123456789');
    await writeFile(at('other'), '0123456780');
    const holds = (key: string, name: string) => store.holds(key, at(name));
    expect(
      await Promise.all([holds('a', 'a'), holds('a', 'same'), holds('a', 'other'), holds('gone', 'a')]),
    ).toEqual([true, true, false, false]);
  });
});

describe('deleting', () => {
  it('syncs each folder once, when all is gone', async () => {
    await store.put('in/b', utf8('b'));
    await store.put('in/c', utf8('c'));
    const synced: unknown[] = [];
    around.open = (next, path) => {
      synced.push(path);
      return next();
    };
    await store.delete(['a', 'in/b', 'in/c', 'gone']);
    expect(synced).toEqual([folder, at('in')]);
    await expect(store.delete(['x', ''])).rejects.toMatchObject({ name: 'KeyInvalid' });
  });

  it('tells of a disk that fails', async () => {
    around.unlink = () => Promise.reject(fsError('EROFS'));
    await expect(store.delete(['a'])).rejects.toMatchObject({ name: 'StoreUnsuitable' });
    expect(await readFile(at('a'), 'utf8')).toBe('0123456789');
  });
});

describe('a store of files only', () => {
  const options: FileStoreOptions = { onlyFiles: true, ignoreHidden: true };

  it('refuses to write what no file of the folder can be', async () => {
    const files = new FileStore(folder, options);
    const refused = { name: 'KeyInvalid' };
    for (const key of ['.hidden', '../x', 'a/x']) {
      await expect(files.put(key, utf8('x'))).rejects.toMatchObject(refused);
      await expect(files.putIfAbsent(key, utf8('x'))).rejects.toMatchObject(refused);
      await expect(files.compose(key, [utf8('x')])).rejects.toMatchObject(refused);
      await expect(files.adopt(key, at('a'))).rejects.toMatchObject(refused);
    }
    await files.put('b', utf8('b'));
    expect(await allKeys(files)).toEqual(['a', 'b']);
    expect(await readdir(at('.store/drafts'))).toEqual([]);
    expect((await stat(at('b'))).size).toBe(1);
  });
});
