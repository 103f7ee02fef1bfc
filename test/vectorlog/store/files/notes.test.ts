/** Notes of objects: written where there is something to say, and about one state alone. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NO_NOTES, NoteBook } from '../../../../vectorlog/store/files/notes.ts';

/** Of "abc", as FIPS 180 has it. */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
let folder: string;
let notes: NoteBook;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-notes-'));
  notes = new NoteBook(folder);
});
afterEach(() => rm(folder, { recursive: true }));

it('are of one key in one state', async () => {
  await notes.write('abc', 'e1', { contentType: 'x/y', metadata: { Owner: 'ada' } });

  expect(await notes.read('abc', 'e1')).toEqual({ contentType: 'x/y', metadata: { owner: 'ada' } });
  expect(await notes.read('abc', 'e2')).toBeUndefined();
  expect(await notes.read('abd', 'e1')).toBeUndefined();
  expect(await readdir(folder)).toEqual([`${ABC}-e1.json`]);
  expect(JSON.parse(await readFile(join(folder, `${ABC}-e1.json`), 'utf8'))).toEqual({
    key: 'abc',
    contentType: 'x/y',
    metadata: { owner: 'ada' },
  });
});

it('are no file where there is nothing to say', async () => {
  await notes.write('abc', 'e1', {});
  await notes.write('abc', 'e1', { metadata: {} });
  expect(await readdir(folder)).toEqual([]);
  expect(NO_NOTES).toEqual({ contentType: undefined, metadata: {} });
});

it('may be of a content type or of metadata alone', async () => {
  await notes.write('abc', 'e1', { contentType: 'x/y', metadata: {} });
  expect(await notes.read('abc', 'e1')).toEqual({ contentType: 'x/y', metadata: {} });
  await notes.write('abc', 'e1', { metadata: { n: '1' } });
  expect(await notes.read('abc', 'e1')).toEqual({ contentType: undefined, metadata: { n: '1' } });
  await writeFile(join(folder, `${ABC}-e2.json`), '{"contentType":"x/y"}');
  expect(await notes.read('abc', 'e2')).toEqual({ contentType: 'x/y', metadata: {} });
});

it('go with their state, and may be gone already', async () => {
  for (const eTag of ['e1', 'e2']) await notes.write('abc', eTag, { contentType: 'x/y' });
  await notes.remove('abc', 'e1');
  await notes.remove('abc', 'e1');
  expect(await readdir(folder)).toEqual([`${ABC}-e2.json`]);
});
