/** The folder store against what every store must do, and what a folder alone has to answer for. */

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ObjectNotFound, PreconditionFailed, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { FileStore } from '../../../vectorlog/store/file-store.ts';
import { draftPath } from '../../../vectorlog/store/files/writing.ts';
import { allKeys, conformance, ODD_KEYS } from './conformance.ts';

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-store-'));
  made.push(folder);
  return folder;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

conformance('FileStore', async () => new FileStore(await temporaryFolder()));

describe("a folder of somebody's own", () => {
  it('is a bucket: its files are the objects, and objects are files', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, '2024/summer'), { recursive: true });
    await writeFile(join(folder, '2024/summer/beach.jpg'), 'sand');
    const store = new FileStore(folder);

    expect(await allKeys(store)).toEqual(['2024/summer/beach.jpg']);
    expect(Buffer.from((await store.get('2024/summer/beach.jpg')).body).toString()).toBe('sand');
    await store.put('2024/winter/snow.jpg', utf8('white'), { metadata: { owner: 'ada' } });
    await store.delete(['2024/summer/beach.jpg']);

    expect(await readFile(join(folder, '2024/winter/snow.jpg'), 'utf8')).toBe('white');
    expect(await readdir(join(folder, '2024/summer'))).toEqual([]);
  });

  it('shows a file that its owner changes as a new state, without the metadata of the old', async () => {
    const folder = await temporaryFolder();
    const store = new FileStore(folder);
    const { eTag } = await store.put('a.jpg', utf8('old'), { metadata: { title: 'old' } });

    await writeFile(join(folder, 'a.jpg'), 'new');

    await expect(store.get('a.jpg', { ifMatch: eTag })).rejects.toBeInstanceOf(PreconditionFailed);
    const object = await store.get('a.jpg');
    expect(Buffer.from(object.body).toString()).toBe('new');
    expect(object.metadata).toEqual({});
  });

  it('keeps hidden files to itself when asked to, both ways', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, '.likeness'));
    await writeFile(join(folder, '.likeness/secret'), 'index');
    await mkdir(join(folder, 'album/.thumbnails'), { recursive: true });
    await writeFile(join(folder, 'album/.thumbnails/1.jpg'), 'small');
    await writeFile(join(folder, 'album/1.jpg'), 'large');
    const store = new FileStore(folder, {
      ignoreHidden: true,
      sideFolder: join(folder, '.likeness/pictures'),
    });

    expect(await allKeys(store)).toEqual(['album/1.jpg']);
    for (const key of ['.likeness/secret', 'album/.thumbnails/1.jpg'])
      await expect(store.get(key)).rejects.toBeInstanceOf(ObjectNotFound);
    await store.put('.likeness/secret', utf8('theirs'));
    await store.delete(['album/.thumbnails/1.jpg']);

    expect(await readFile(join(folder, '.likeness/secret'), 'utf8')).toBe('index');
    expect(await readFile(join(folder, 'album/.thumbnails/1.jpg'), 'utf8')).toBe('small');
    expect(await allKeys(store)).toEqual(['.likeness/secret', 'album/1.jpg']);
    expect((await readdir(folder)).sort()).toEqual(['.likeness', 'album']);
  });

  it('lists its own hidden files when not asked to ignore them, but never its side folder', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, '.hidden.jpg'), 'x');
    const store = new FileStore(folder);
    await store.put('a', utf8('1'), { metadata: { n: '1' } });

    expect(await allKeys(store)).toEqual(['.hidden.jpg', 'a']);
  });

  it('is never left by a key or a symbolic link', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret.jpg'), 'not yours');
    const folder = join(outside, 'folder');
    await mkdir(folder);
    await symlink(outside, join(folder, 'up'));
    await symlink(join(outside, 'secret.jpg'), join(folder, 'link.jpg'));
    const store = new FileStore(folder);

    for (const key of [
      '../secret.jpg',
      'up/secret.jpg',
      'up/made/x.jpg',
      'link.jpg',
      'x/../../secret.jpg',
      `${outside}/secret.jpg`,
    ]) {
      await expect(store.get(key)).rejects.toBeInstanceOf(ObjectNotFound);
      await store.put(key, utf8('mine'));
      expect(Buffer.from((await store.get(key)).body).toString()).toBe('mine');
      await store.delete([key]);
      expect(await store.head(key)).toBeUndefined();
    }
    for (const key of ODD_KEYS) await store.put(key, utf8(key));

    expect(await readFile(join(outside, 'secret.jpg'), 'utf8')).toBe('not yours');
    expect((await readdir(outside)).sort()).toEqual(['folder', 'secret.jpg']);
  });

  it('gives a key back to the file that takes its place', async () => {
    const folder = await temporaryFolder();
    const store = new FileStore(folder);
    await store.put('a/b', utf8('in a folder'));
    await store.put('a', utf8('beside it'));
    await store.delete(['a/b']);
    await rm(join(folder, 'a'), { recursive: true });

    await writeFile(join(folder, 'a'), 'as a file');

    expect(Buffer.from((await store.get('a')).body).toString()).toBe('as a file');
    expect(await allKeys(store)).toEqual(['a']);
    await store.delete(['a']);
    expect(await allKeys(store)).toEqual([]);
  });

  it('is a fault when it is gone, not an empty bucket', async () => {
    const folder = await temporaryFolder();
    const store = new FileStore(folder);
    await store.put('a', utf8('1'));

    await rm(folder, { recursive: true });

    await expect(allKeys(store)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.put('b', utf8('1'))).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe('what processes that were killed have left', () => {
  it('goes, whether that was long ago or on this machine', async () => {
    const folder = await temporaryFolder();
    const drafts = join(folder, '.store/drafts');
    await mkdir(drafts, { recursive: true });
    await writeFile(join(drafts, 'old'), 'torn');
    await utimes(join(drafts, 'old'), 0, 0);
    await writeFile(join(drafts, 'under-way'), 'growing');
    const [machine] = basename(draftPath(drafts)).split('-');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(join(drafts, `${machine}-${pid}-KILLED`), 'of a process that was killed just now');
    await writeFile(
      join(drafts, `${machine}-${process.pid}-KILLED-1`),
      'of one that had our number, in a container',
    );
    const mine = basename(draftPath(drafts));
    await writeFile(join(drafts, mine), 'our own, under way');

    await new FileStore(folder).put('a', utf8('1'));

    expect((await readdir(drafts)).sort()).toEqual([mine, 'under-way'].sort());
  });
});

describe('what FileStore leaves in its side folder', () => {
  it('is nothing once everything is deleted', async () => {
    const folder = await temporaryFolder();
    const store = new FileStore(folder);
    for (let i = 0; i < 3; i++) {
      await store.put('a', utf8(`${i}`), { metadata: { n: `${i}` } });
      await store.putIfAbsent('b', utf8(`${i}`), { contentType: 'text/plain' });
      await store.compose('c', [utf8(`${i}`)], { metadata: { n: `${i}` } });
    }
    expect(await readdir(join(folder, '.store/notes'))).toHaveLength(3);

    await store.delete(['a', 'b', 'c']);

    for (const name of ['drafts', 'notes', 'odd'])
      expect(await readdir(join(folder, '.store', name))).toEqual([]);
  });
});
