import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../cli/program.ts';
import { badPicture, fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { countingEmbedder, type ServedFolder, servedFolder } from '../factories/serving.ts';

/** Root may read everything, so these tests are somebody else while they run. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let library: ServedFolder;
beforeEach(async () => {
  if (isRoot) process.seteuid?.(NOBODY);
  library = await servedFolder();
});
afterEach(async () => {
  if (isRoot) process.seteuid?.(0);
  await library.remove();
});

/** A command on this library. */
async function likeness(command: string, ...flags: string[]) {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const args = [command, library.folder, '--model', fakeEmbedder().model.modelId, ...flags];
  const code = await run(args, { out: say, err: say, interactive: false });
  return { code, said: lines.join('\n') };
}

const until = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 20_000, interval: 20 });

describe.skipIf(process.platform === 'win32')('what this user may not read', () => {
  it('costs a folder one warning, and the pictures of all others nothing', async () => {
    const warnings: string[] = [];
    await library.write('a.png', await picture(1));
    await library.write('private/b.png', await picture(2));
    await library.write('z/c.png', await picture(3));
    await chmod(join(library.folder, 'private'), 0);
    const logger = {
      info: () => {},
      error: () => {},
      warn: (message: string) => void warnings.push(message),
    };

    const { client, serving } = await library.serve({ logger });

    expect((await client.images()).items.map(({ key }) => key)).toEqual(['a.png', 'z/c.png']);
    await until(async () =>
      expect((await client.health()).reasons).toMatchObject([{ code: 'folder-unreadable' }]),
    );
    expect(warnings.filter((line) => line.includes('private/'))).toHaveLength(1);
    await chmod(join(library.folder, 'private'), 0o700);
    await serving.stop();
  });

  it('stays in the index when it was readable before', async () => {
    await library.write('a.png', await picture(1));
    await library.write('private/b.png', await picture(2));
    const { serving } = await library.serve();
    await serving.stop();
    await chmod(join(library.folder, 'private'), 0);

    const { client } = await library.serve();

    expect((await client.images()).items.map(({ key }) => key)).toEqual(['a.png', 'private/b.png']);
    const verified = await likeness('verify');
    expect(verified).toMatchObject({ code: 0, said: expect.not.stringContaining('gone') });
    expect((await likeness('backfill', '--dry-run')).said).toContain(' 0 gone');
    const refused = await likeness('rebuild', '--yes');
    expect(refused.said).toContain('private/ cannot be read now');
    expect(refused.code).not.toBe(0);
    await chmod(join(library.folder, 'private'), 0o700);
  });

  it('keeps a rejected picture that it has, and lets all others be compared', async () => {
    await library.write('private/bad.png', badPicture());
    const { serving } = await library.serve();
    await serving.stop();
    await chmod(join(library.folder, 'private'), 0);
    await library.write('a.png', await picture(1));

    const { client } = await library.serve();

    expect((await client.images()).items.map(({ key }) => key)).toEqual(['a.png']);
    expect((await client.rejected()).items).toMatchObject([{ key: 'private/bad.png' }]);
    await until(async () =>
      expect((await client.health()).reasons).toMatchObject([{ code: 'folder-unreadable' }]),
    );
    await chmod(join(library.folder, 'private'), 0o700);
  });

  it('is a rejected picture when it is a file, until it can be read', async () => {
    await library.write('a.png', await picture(1));
    await chmod(join(library.folder, 'a.png'), 0);
    const embedder = countingEmbedder();
    const { client } = await library.serve({ embedder, patience: { compareEveryMs: 50, lookEveryMs: 20 } });

    expect((await client.rejected()).items).toMatchObject([
      { key: 'a.png', reason: { code: 'not-readable' } },
    ]);
    expect(embedder.count).toBe(0);
    await chmod(join(library.folder, 'a.png'), 0o600);

    // The picture is there a moment before it is taken from the rejected.
    await until(async () => {
      expect((await client.images()).total).toBe(1);
      expect((await client.rejected()).items).toEqual([]);
    });
  });

  it('is said in a sentence when it is the index, which cannot be written', async () => {
    const index = join(library.folder, 'index');
    await mkdir(index, { mode: 0o500 });
    await expect(library.serve({ indexFolder: index })).rejects.toThrow(
      /^the index cannot be written: .*; choose another place with --index$/,
    );
  });

  it('lets the server stop all the same when it is the whole folder', async () => {
    await library.write('a.png', await picture(1));
    const { serving } = await library.serve();
    await serving.stop();
    const index = await servedFolder();
    await mkdir(join(index.folder, 'index'));
    await chmod(library.folder, 0);

    const { client, serving: again } = await library.serve(
      { indexFolder: join(index.folder, 'index') },
      { idle: false },
    );
    await until(async () => expect((await client.health()).status).toBe('degraded'));
    await again.stop();

    await chmod(library.folder, 0o700);
    await index.remove();
  });
});

describe('what is left alone', () => {
  it('is what NAS systems put beside pictures, and what somebody asked for', async () => {
    for (const key of [
      '@eaDir/a.jpg/SYNOFILE_THUMB_M.jpg',
      'x/#recycle/b.png',
      'x/edited_c.png',
      'x/keep.png',
    ])
      await library.write(key, await picture(1));

    const { client, serving } = await library.serve({ selection: { exclude: ['edited_*'] } });
    expect((await client.images()).items.map(({ key }) => key)).toEqual(['x/keep.png']);
    await serving.stop();

    // Kept with the index; and what is asked for by name is taken in.
    const { client: again } = await library.serve({ selection: { include: ['#recycle'] } });
    expect((await again.images()).items.map(({ key }) => key)).toEqual(['x/#recycle/b.png', 'x/keep.png']);
  });

  it('has names that no key can be: they are counted and said once', async () => {
    const notes: string[] = [];
    await library.write('good.png', await picture(1));
    const bad = Buffer.concat([
      Buffer.from(`${library.folder}/M`),
      Buffer.from([0xe4]),
      Buffer.from('rz.jpg'),
    ]);
    await writeFile(bad, await picture(2));
    await library.write('back\\slash.png', await picture(3));
    const logger = { info: () => {}, error: () => {}, warn: (message: string) => void notes.push(message) };

    const { client } = await library.serve({ logger, patience: { compareEveryMs: 30, lookEveryMs: 10 } });

    await until(async () => expect(notes.some((line) => line.startsWith('2 files'))).toBe(true));
    expect(notes).toHaveLength(1);
    expect((await client.images()).total).toBe(1);
  });
});
