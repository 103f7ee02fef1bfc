/** An object whose bytes come one after the other: nobody sees it before it is whole. */

import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileStore } from '../../../../vectorlog/store/file-store.ts';

let folder: string;
let store: FileStore;
const drafts = () => readdir(join(folder, '.store/drafts'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-incoming-'));
  store = new FileStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

it('is seen once it is committed, with what was said of it', async () => {
  const incoming = await store.begin('a');
  await incoming.append(Buffer.from('one '));
  await incoming.append(Buffer.from('two'));
  expect(incoming.size).toBe(7);
  expect(Buffer.from(await incoming.bytes()).toString()).toBe('one two');
  expect(await store.head('a')).toBeUndefined();

  const { eTag } = await incoming.commit({ contentType: 'x/y', metadata: { n: '1' } });
  await incoming.discard();

  expect(await store.head('a')).toMatchObject({ eTag, size: 7, contentType: 'x/y', metadata: { n: '1' } });
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('one two');
  expect(await drafts()).toEqual([]);
});

it('needs nothing said of it', async () => {
  const incoming = await store.begin('a');
  await incoming.commit();
  await incoming.discard();
  expect(await store.head('a')).toMatchObject({ size: 0, contentType: undefined, metadata: {} });
});

it('leaves nothing when it is discarded', async () => {
  const incoming = await store.begin('a');
  await incoming.append(Buffer.from('one'));
  expect(await drafts()).toHaveLength(1);
  await incoming.discard();
  expect(await drafts()).toEqual([]);
  expect(await store.head('a')).toBeUndefined();
});

it('says that what came was cut off', async () => {
  const incoming = await store.begin('a');
  await incoming.append(Buffer.from('one'));
  const [draft] = await drafts();
  await truncate(join(folder, '.store/drafts', draft!), 2);
  await expect(incoming.bytes()).rejects.toMatchObject({
    name: 'StoreUnavailable',
    message: 'what came of "a" was cut off',
  });
  await incoming.discard();
});

it('fails as a store does where its folder has gone', async () => {
  const incoming = await store.begin('a');
  await rm(join(folder, '.store'), { recursive: true });
  await expect(incoming.commit({ contentType: 'x/y' })).rejects.toMatchObject({ name: 'StoreUnavailable' });
  await incoming.discard();
});
