/** Files that grow where they are: what is composed, what stays as it was, and when the file is copied all the same. */

import {
  appendFile,
  cp,
  type FileHandle,
  link,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  truncate,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { FileStore } from '../../../../vectorlog/store/file-store.ts';
import type { ComposePart } from '../../../../vectorlog/store/object-store.ts';
import { allKeys, pattern } from '../conformance.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);
afterEach(noFaults);

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function open() {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'likeness-growing-')));
  made.push(folder);
  return { folder, store: new FileStore(folder, { growsInPlace: true }) };
}

const HEAD = 45;

/** The parts of an object that is another with a new head and with more at its end. */
const grown = (from: string, length: number, head: number, more: Uint8Array): ComposePart[] => [
  pattern(HEAD, head),
  { copyFrom: from, range: { start: HEAD, end: length } },
  more,
];

const sameFile = async (folder: string, a: string, b: string) =>
  (await stat(join(folder, a))).ino === (await stat(join(folder, b))).ino;

describe('an object composed of a whole other one and more', () => {
  it('is the same file, grown: nothing that was there is written again', async () => {
    const { folder, store } = await open();
    const [first, second, third] = [pattern(9_000, 1), pattern(500, 2), pattern(70, 3)];
    await store.compose('a', [pattern(HEAD, 0), first]);
    expect(await store.compose('b', grown('a', 9_045, 4, second), { contentType: 'x/y' })).toEqual({
      size: 9_545,
    });
    expect(await store.compose('c', grown('b', 9_545, 5, third))).toEqual({ size: 9_615 });

    expect(await sameFile(folder, 'a', 'c')).toBe(true);
    expect(Buffer.concat([pattern(HEAD, 5), first, second, third])).toEqual(
      await readFile(join(folder, 'c')),
    );
    expect(await store.read('a', { start: HEAD, end: 9_045 })).toEqual(first);
    expect(await allKeys(store)).toEqual(['a', 'b', 'c']);

    await store.delete(['a', 'b', 'c']);
    expect(await allKeys(store)).toEqual([]);
  });

  it('without a head grows as well', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(100, 1)]);
    await store.compose('b', [{ copyFrom: 'a', range: { start: 0, end: 100 } }, pattern(10, 2)]);
    expect(await sameFile(folder, 'a', 'b')).toBe(true);
    expect(await readFile(join(folder, 'b'))).toEqual(Buffer.concat([pattern(100, 1), pattern(10, 2)]));
  });

  it('is a copy where another process, which may still be writing, has made the file', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    const other = new FileStore(folder, { growsInPlace: true });
    await other.compose('b', grown('a', 145, 4, pattern(10, 2)));
    expect(await sameFile(folder, 'a', 'b')).toBe(false);
    expect(await readFile(join(folder, 'a'))).toEqual(Buffer.concat([pattern(HEAD, 0), pattern(100, 1)]));
    expect(await store.grows('b', 155)).toBe(false);
    expect(await other.grows('b', 155)).toBe(true);
  });

  describe('of a process that has ended', () => {
    const handOver = async () => {
      const { folder, store } = await open();
      await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
      await store.compose('b', grown('a', 145, 1, pattern(5, 2)));
      await store.handOver();
      return { folder, store, next: () => new FileStore(folder, { growsInPlace: true }) };
    };
    const compose = (store: FileStore, key: string) =>
      store.compose(key, grown('b', 150, 4, pattern(10, key.charCodeAt(0))));

    it('is grown by the next one, and copied by the one that handed it over', async () => {
      const { folder, store, next } = await handOver();
      await compose(next(), 'c');
      expect(await sameFile(folder, 'b', 'c')).toBe(true);
      await compose(store, 'd');
      expect(await sameFile(folder, 'b', 'd')).toBe(false);
    });

    it('is grown by one of several that come next', async () => {
      const { folder, next } = await handOver();
      await Promise.all(['c', 'd', 'e'].map((key) => compose(next(), key)));
      const same = await Promise.all(['c', 'd', 'e'].map((key) => sameFile(folder, 'b', key)));
      expect(same.filter(Boolean)).toHaveLength(1);
    });

    it('is copied where it is another file by now, of other bytes, or has a name more', async () => {
      for (const spoil of [
        async (path: string) => {
          await cp(path, `${path}.copy`, { preserveTimestamps: true });
          await rename(`${path}.copy`, path);
        },
        (path: string) => appendFile(path, 'more'),
        (path: string) => link(path, `${path}.backup`),
      ]) {
        const { folder, next } = await handOver();
        await spoil(join(folder, 'b'));
        await compose(next(), 'c');
        expect(await sameFile(folder, 'b', 'c')).toBe(false);
      }
    });

    it('is copied when what was written down is cut off', async () => {
      const { folder, next } = await handOver();
      await truncate(join(folder, '.store/handed-over.json'), 20);
      await compose(next(), 'c');
      expect(await sameFile(folder, 'b', 'c')).toBe(false);
    });
  });

  it('is a copy where somebody has made a hard link, as backups do', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    await link(join(folder, 'a'), join(folder, 'backup'));
    await store.compose('b', grown('a', 145, 4, pattern(10, 2)));
    expect(await sameFile(folder, 'a', 'b')).toBe(false);
    expect((await readFile(join(folder, 'backup'))).length).toBe(145);
  });

  it('is a copy of what it names where the file has grown since, or is to be cut', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    // A commit that was lost: its object stays for a while.
    await store.compose('lost', grown('a', 145, 4, pattern(10, 2)));
    await store.compose('b', grown('a', 145, 5, pattern(20, 3)));
    await store.compose('cut', grown('b', 100, 6, pattern(5, 4)));
    expect(await sameFile(folder, 'a', 'b')).toBe(false);
    expect(await readFile(join(folder, 'b'))).toEqual(
      Buffer.concat([pattern(HEAD, 5), pattern(100, 1), pattern(20, 3)]),
    );
    expect((await readFile(join(folder, 'cut'))).length).toBe(105);
    expect((await readFile(join(folder, 'lost'))).length).toBe(155);
  });

  it('is grown by one of two calls at once, and copied by the other', async () => {
    const { store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(1_000, 1)]);
    const keys = ['b', 'c', 'd'];
    await Promise.all(keys.map((key, i) => store.compose(key, grown('a', 1_045, i, pattern(50, 10 + i)))));
    for (const [i, key] of keys.entries())
      expect(await store.read(key, { start: HEAD, end: 1_095 })).toEqual(
        new Uint8Array(Buffer.concat([pattern(1_000, 1), pattern(50, 10 + i)])),
      );
  });

  it('leaves the file as it was when its parts fail, and grows it the next time', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    async function* failing() {
      yield* grown('a', 145, 4, pattern(10, 2));
      throw new Error('no more');
    }
    await expect(store.compose('b', failing())).rejects.toThrow('no more');
    expect(await readFile(join(folder, 'a'))).toEqual(Buffer.concat([pattern(HEAD, 0), pattern(100, 1)]));
    expect(await allKeys(store)).toEqual(['a']);
    await store.compose('c', grown('a', 145, 5, pattern(10, 3)));
    expect(await sameFile(folder, 'a', 'c')).toBe(true);
  });

  it('is written in parts where more than one object is copied', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    const parts = grown('a', 145, 4, pattern(10, 2));
    parts.splice(2, 0, { copyFrom: 'a', range: { start: 0, end: 20 } });
    await store.compose('b', parts);
    expect(await sameFile(folder, 'a', 'b')).toBe(false);
    expect((await readFile(join(folder, 'b'))).length).toBe(175);
  });
});

describe('a growth that fails', () => {
  it('by a second object that is to be copied is a mistake, and undone', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    const parts = [...grown('a', 145, 4, pattern(10, 2)), { copyFrom: 'a', range: { start: 0, end: 20 } }];
    await expect(store.compose('b', parts)).rejects.toThrow(new TypeError('a growth copies one object'));
    expect((await stat(join(folder, 'a'))).size).toBe(145);
    expect(await store.grows('a', 145)).toBe(true);
  });

  it('tells of its own fault where it cannot be undone, and what it left is copied from then on', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    let closed = 0;
    around.open = async (next) => {
      const handle = (await next()) as FileHandle;
      const close = handle.close.bind(handle);
      handle.truncate = () => Promise.reject(fsError('EROFS'));
      handle.close = () => {
        closed++;
        return close();
      };
      return handle;
    };
    around.link = () => Promise.reject(fsError('EIO'));
    await expect(store.compose('b', grown('a', 145, 4, pattern(10, 2)))).rejects.toThrow('EIO');
    noFaults();
    expect(closed).toBe(1);
    expect(await store.grows('a', 145)).toBe(false);
    await store.compose('b', grown('a', 145, 5, pattern(20, 3)));
    expect(await sameFile(folder, 'a', 'b')).toBe(false);
    expect(await readFile(join(folder, 'b'))).toEqual(
      Buffer.concat([pattern(HEAD, 5), pattern(100, 1), pattern(20, 3)]),
    );
  });
});

describe('what is said of an object that has grown', () => {
  it('is of the new one; the other is in another state now', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)], { contentType: 'of/a' });
    await store.compose('b', grown('a', 145, 4, pattern(10, 2)), { contentType: 'of/b' });
    expect(await store.head('b')).toMatchObject({ size: 155, contentType: 'of/b' });
    expect(await store.head('a')).toMatchObject({ size: 155, contentType: undefined });
    expect(await readdir(join(folder, '.store/notes'))).toHaveLength(1);
  });

  it('is durable in this order: the bytes, the name, the head', async () => {
    const { folder, store } = await open();
    await store.compose('a', [pattern(HEAD, 0), pattern(100, 1)]);
    const done: string[] = [];
    around.open = async (next, path) => {
      const handle = (await next()) as FileHandle;
      const sync = handle.sync.bind(handle);
      const write = handle.write.bind(handle) as unknown as (...args: unknown[]) => unknown;
      handle.sync = () => {
        done.push(`sync ${`${path}`.slice(folder.length)}`);
        return sync();
      };
      const told = (...args: unknown[]) => {
        done.push(`write at ${args[3]}`);
        return write(...args);
      };
      handle.write = told as unknown as FileHandle['write'];
      return handle;
    };
    around.link = (next) => {
      done.push('link');
      return next();
    };
    await store.compose('b', grown('a', 145, 4, pattern(10, 2)));
    expect(done).toEqual(['write at 145', 'sync /a', 'link', 'sync ', 'write at 0', 'sync /a']);
  });

  it('is only of stores that grow files, and nothing is handed over by others', async () => {
    const { folder } = await open();
    const copying = new FileStore(folder);
    await copying.compose('a', [pattern(10, 1)]);
    expect(await copying.grows('a', 10)).toBe(false);
    await copying.handOver();
    expect(await readdir(join(folder, '.store'))).toEqual(expect.not.arrayContaining(['handed-over.json']));
    const growing = new FileStore(folder, { growsInPlace: true });
    await growing.compose('b', [pattern(10, 1)]);
    expect(await growing.grows('b', 10)).toBe(true);
    await growing.delete(['b']);
    expect(await growing.grows('b', 10)).toBe(false);
  });
});
