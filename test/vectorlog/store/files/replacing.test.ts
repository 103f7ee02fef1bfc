/** How drafts become objects and objects go: what is kept of them, and what is done where a file cannot have two names. */

import {
  type FileHandle,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileStore } from '../../../../vectorlog/store/file-store.ts';
import type { FileOfObject, Keep } from '../../../../vectorlog/store/files/replacing.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

const utf8 = (text: string) => new TextEncoder().encode(text);
let folder: string;
let outside: string;
const at = (name: string) => join(folder, name);
const text = (name: string) => readFile(at(name), 'utf8');
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'likeness-replacing-')));
  outside = `${folder}.outside`;
  await writeFile(outside, 'from outside');
});
afterEach(async () => {
  noFaults();
  await rm(folder, { recursive: true });
  await rm(outside, { force: true });
});

/** Nothing is left of what was begun. */
async function assertTidy(notes = 0): Promise<void> {
  expect(await readdir(at('.store/drafts'))).toEqual([]);
  expect(await readdir(at('.store/notes'))).toHaveLength(notes);
}

describe('an object that is kept', () => {
  const told: string[] = [];
  const kept: FileOfObject[] = [];
  const keep: Keep = async (object) => {
    kept.push(object);
    told.push(`keep ${await readFile(object.path, 'utf8')}`);
    return {
      gone: async () => {
        told.push('gone');
      },
      doubt: () => told.push('doubt'),
    };
  };
  let store: FileStore;
  beforeEach(async () => {
    told.length = 0;
    kept.length = 0;
    store = new FileStore(folder, { keep });
    await store.put('a', utf8('old'), { contentType: 'x/y', metadata: { n: '1' } });
    expect(told).toEqual([]);
  });

  it('is described whole, before its file is replaced', async () => {
    const described = await store.head('a');
    await store.put('a', utf8('new'));
    expect(told).toEqual(['keep old', 'gone']);
    expect(kept).toEqual([{ ...described, path: at('a') }]);
    await assertTidy();
    await store.compose('a', [utf8('composed')]);
    expect(told).toEqual(['keep old', 'gone', 'keep new', 'gone']);
    expect(kept[1]).toMatchObject({ contentType: undefined, metadata: {} });
  });

  it('is told of when it is deleted, and is there when it cannot be kept', async () => {
    await store.delete(['none', 'a']);
    expect(told).toEqual(['keep old', 'gone']);
    await assertTidy();
    const refusing = new FileStore(folder, { keep: () => Promise.reject(new Error('no room in the trash')) });
    await refusing.put('a', utf8('back'));
    await expect(refusing.delete(['a'])).rejects.toThrow('no room in the trash');
    await expect(refusing.put('a', utf8('new'))).rejects.toThrow('no room in the trash');
    expect(await text('a')).toBe('back');
  });

  it.each(['unlink', 'rename'])('is in doubt where nobody knows whether its file went: %s', async (call) => {
    around[call] = (next, path) => (`${path}`.includes('.json') ? next() : Promise.reject(fsError('EIO')));
    await expect(call === 'unlink' ? store.delete(['a']) : store.put('a', utf8('new'))).rejects.toMatchObject(
      {
        name: 'StoreUnavailable',
      },
    );
    expect(told).toEqual(['keep old', 'doubt']);
    noFaults();
    expect(await text('a')).toBe('old');
    expect(await store.head('a')).toMatchObject({ contentType: 'x/y', metadata: { n: '1' } });
  });

  it('is kept anew, as another, when its file is replaced at that moment', async () => {
    let isFirst = true;
    const racing = new FileStore(folder, {
      keep: async (object) => {
        const result = await keep(object);
        if (isFirst) {
          isFirst = false;
          await writeFile(at('saved'), 'saved now');
          await rename(at('saved'), at('a'));
        }
        return result;
      },
    });
    await racing.put('a', utf8('new'));
    expect(told).toEqual(['keep old', 'gone', 'keep saved now', 'gone']);
    expect(await text('a')).toBe('new');
  });

  it('is no more where its file goes at that moment', async () => {
    const racing = new FileStore(folder, {
      keep: async (object) => {
        const result = await keep(object);
        await rm(at('a'));
        return result;
      },
    });
    await racing.delete(['a']);
    expect(told).toEqual(['keep old', 'gone']);
  });

  it('is kept twice where an ordinary file hides an odd one', async () => {
    await rm(at('a'));
    await mkdir(at('a'));
    await store.put('a', utf8('odd'));
    await rm(at('a'), { recursive: true });
    await writeFile(at('a'), 'ordinary');
    await store.delete(['a']);
    expect(told).toEqual(['keep ordinary', 'gone', 'keep odd', 'gone']);
    expect(await store.head('a')).toBeUndefined();
  });
});

describe('replacing', () => {
  it('removes the odd file of a key that is ordinary now, and notes of the old state', async () => {
    const store = new FileStore(folder);
    await mkdir(at('a'));
    await store.put('a', utf8('odd'), { contentType: 'x/y' });
    await rm(at('a'), { recursive: true });
    await store.put('a', utf8('ordinary'), { contentType: 'x/z' });
    expect(await readdir(at('.store/odd'))).toEqual([expect.stringMatching(/\.key$/)]);
    expect(await text('a')).toBe('ordinary');
    await assertTidy(1);
  });

  it.each(['EINVAL', 'EILSEQ', 'ENAMETOOLONG'])('says that a name cannot be had: %s', async (code) => {
    const store = new FileStore(folder);
    for (const call of ['rename', 'link'] as const) {
      around[call] = () => Promise.reject(fsError(code));
      const options = { contentType: 'x/y' };
      await expect(
        call === 'rename' ? store.put('a', utf8('x'), options) : store.putIfAbsent('a', utf8('x'), options),
      ).rejects.toMatchObject({
        name: 'KeyInvalid',
        message: '"a" cannot be an object key: the file system there can have no file of this name',
      });
    }
    noFaults();
    await assertTidy();
  });

  it('takes “not there” for such a name only where all that it is made of is there', async () => {
    const store = new FileStore(folder);
    around.rename = () => Promise.reject(fsError('ENOENT'));
    await expect(store.put('a', utf8('x'))).rejects.toMatchObject({ name: 'KeyInvalid' });
    around.rename = async (_, from) => {
      await rm(`${from}`);
      throw fsError('ENOENT');
    };
    await expect(store.put('a', utf8('x'))).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });
});

describe('creating', () => {
  it('leaves nothing of the one that came second', async () => {
    const store = new FileStore(folder);
    around.link = async (next) => {
      noFaults();
      await writeFile(at('a'), 'first');
      return next();
    };
    expect(await store.putIfAbsent('a', utf8('second'), { contentType: 'x/y' })).toBe(false);
    expect(await text('a')).toBe('first');
    await assertTidy();
    expect(await store.putIfAbsent('b', utf8('x'), { contentType: 'x/y' })).toBe(true);
    await assertTidy(1);
  });

  it('tells of a disk that fails', async () => {
    const store = new FileStore(folder);
    around.link = () => Promise.reject(fsError('EIO'));
    await expect(store.putIfAbsent('a', utf8('x'))).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await assertTidy();
  });
});

describe('adopting a file', () => {
  let store: FileStore;
  beforeEach(() => {
    store = new FileStore(folder);
  });

  it('gives it a second name, and notes', async () => {
    expect(await store.adopt('in/a', outside, { contentType: 'x/y' })).toBe(true);
    expect((await stat(at('in/a'))).ino).toBe((await stat(outside)).ino);
    expect(await store.head('in/a')).toMatchObject({ size: 12, contentType: 'x/y' });
    await assertTidy(1);
  });

  it('replaces an empty one, and no other', async () => {
    await writeFile(at('a'), '');
    expect(await store.adopt('a', outside)).toBe(true);
    expect(await text('a')).toBe('from outside');
    await writeFile(at('b'), 'b');
    expect(await store.adopt('b', outside)).toBe(false);
    expect(await text('b')).toBe('b');
    await assertTidy();
  });

  it('replaces none that comes at that moment', async () => {
    around.link = async (next, _, to) => {
      if (to === at('a')) await writeFile(at('a'), 'another');
      return next();
    };
    expect(await store.adopt('a', outside)).toBe(false);
    expect(await text('a')).toBe('another');
    await assertTidy();
  });

  describe('where a file cannot have two names', () => {
    beforeEach(() => {
      around.link = () => Promise.reject(fsError('EPERM'));
    });

    it('copies it', async () => {
      expect(await store.adopt('a', outside)).toBe(true);
      expect(await text('a')).toBe('from outside');
      expect((await stat(at('a'))).ino).not.toBe((await stat(outside)).ino);
      expect((await store.head('a'))?.lastModified).toEqual((await stat(outside)).mtime);
      await assertTidy();
    });

    it('replaces an empty one, and none that comes at that moment', async () => {
      await writeFile(at('a'), '');
      expect(await store.adopt('a', outside)).toBe(true);
      expect(await text('a')).toBe('from outside');
      around.open = async (next, path, flags) => {
        if (path === at('b') && flags === 'wx') await writeFile(at('b'), 'another');
        return next();
      };
      expect(await store.adopt('b', outside)).toBe(false);
      expect(await text('b')).toBe('another');
      await assertTidy();
    });

    it('takes its place back when it cannot be moved there, and leaves that of another', async () => {
      around.rename = () => Promise.reject(fsError('EIO'));
      await expect(store.adopt('a', outside)).rejects.toMatchObject({ name: 'StoreUnavailable' });
      expect((await readdir(folder)).sort()).toEqual(['.store']);
      await writeFile(at('b'), '');
      await expect(store.adopt('b', outside)).rejects.toMatchObject({ name: 'StoreUnavailable' });
      expect((await readdir(folder)).sort()).toEqual(['.store', 'b']);
      await assertTidy();
    });

    it('tells of a place that cannot be taken', async () => {
      around.open = (next, path, flags) =>
        path === at('a') && flags === 'wx' ? Promise.reject(fsError('EROFS')) : next();
      await expect(store.adopt('a', outside)).rejects.toMatchObject({
        name: 'StoreUnsuitable',
        message: 'EROFS: as scripted: the file system is read-only; choose another folder',
      });
      await assertTidy();
    });
  });

  it('tells of a disk that fails', async () => {
    around.link = (next, _, to) => (to === at('a') ? Promise.reject(fsError('EIO')) : next());
    await expect(store.adopt('a', outside)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await expect(store.adopt('b', `${outside}.gone`)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await assertTidy();
  });
});

describe('a power cut', () => {
  it('takes nothing that a write has told of: bytes and names are synced, in this order', async () => {
    const store = new FileStore(folder);
    await store.put('first', utf8('x'));
    const done: string[] = [];
    around.open = async (next, path) => {
      const handle = (await next()) as FileHandle;
      const sync = handle.sync.bind(handle);
      handle.sync = () => {
        done.push(`sync ${path === folder ? 'folder' : 'file'}`);
        return sync();
      };
      return handle;
    };
    for (const call of ['rename', 'link', 'unlink'])
      around[call] = (next) => {
        done.push(call);
        return next();
      };
    await store.put('a', utf8('x'));
    expect(done).toEqual(['sync file', 'rename', 'sync folder']);
    done.length = 0;
    await store.putIfAbsent('b', utf8('x'));
    expect(done).toEqual(['sync file', 'link', 'sync folder']);
    done.length = 0;
    await store.delete(['a', 'b']);
    expect(done.filter((each) => each === 'sync folder')).toHaveLength(1);
    expect(done.at(-1)).toBe('sync folder');
    done.length = 0;
    await store.adopt('c', outside);
    expect(done.slice(0, 3)).toEqual(['link', 'link', 'sync folder']);
  });
});
