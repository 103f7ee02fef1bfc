import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { FolderWatches } from '../../local/folder-watches.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-watches-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

it('tells what happens from when it has begun until it is ended', async () => {
  const [one, other] = [await temporaryFolder(), await temporaryFolder()];
  const watches = new FolderWatches(false);
  onTestFinished(() => watches.stop());
  const heard: string[] = [];
  const listener = (folder: string) => ({
    heard: (name: string | null) => void heard.push(`${folder}/${name}`),
    failed: () => {},
  });
  const end = await watches.begin(one, listener('one'));
  await watches.begin(other, listener('other'));

  await writeFile(join(one, 'a.png'), '1');
  await vi.waitFor(() => expect(heard).toContain('one/a.png'));
  end();
  heard.length = 0;
  await writeFile(join(one, 'b.png'), '1');
  await writeFile(join(other, 'c.png'), '1');
  await vi.waitFor(() => expect(heard).toContain('other/c.png'));
  expect(heard.filter((path) => path.startsWith('one/'))).toEqual([]);
});

it('says why a folder cannot be watched, and watches nothing once it is stopped', async () => {
  const watches = new FolderWatches(false);
  const listener = { heard: () => {}, failed: () => {} };
  const absent = join(await temporaryFolder(), 'absent');

  await expect(watches.begin(absent, listener)).rejects.toMatchObject({ code: 'ENOENT' });
  const beginning = watches.begin(await temporaryFolder(), listener);
  watches.stop();
  await expect(beginning).rejects.toThrow('nothing is watched any more');
  await expect(watches.begin(absent, listener)).rejects.toThrow('nothing is watched any more');
});
