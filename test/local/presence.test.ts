import { lstat, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FolderAway, Presence } from '../../local/presence.ts';
import { eTagOf } from '../../vectorlog/store/files/file-access.ts';

/** A library with a picture in a folder that was another one when it was seen. */
async function swapped() {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-presence-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const indexFolder = join(folder, '.likeness');
  for (const path of [indexFolder, join(folder, 'far')]) await mkdir(path);
  const key = 'far/a.png';
  await writeFile(join(folder, key), 'a picture');
  const eTag = eTagOf(await lstat(join(folder, key), { bigint: true }));
  return { folder, indexFolder, key, eTag };
}

it('tells once of another folder that it knows by its pictures, so that it is watched in place of the one before', async () => {
  const { folder, indexFolder, key, eTag } = await swapped();
  const others: string[] = [];
  const known = { sample: async () => [{ key, eTag }] };
  const presence = new Presence({ folder, indexFolder, known, onOther: (place) => others.push(place) });
  await presence.noteMount('far/', { dev: 1n, ino: 1n });

  await presence.assert(key);
  await presence.assert(key);

  expect(others).toEqual(['far/']);
});

it('tells of none that it does not know', async () => {
  const { folder, indexFolder, key } = await swapped();
  const others: string[] = [];
  const known = { sample: async () => [{ key, eTag: 'of the one before' }] };
  const presence = new Presence({ folder, indexFolder, known, onOther: (place) => others.push(place) });
  await presence.noteMount('far/', { dev: 1n, ino: 1n });

  await expect(presence.assert(key)).rejects.toBeInstanceOf(FolderAway);

  expect(others).toEqual([]);
});
