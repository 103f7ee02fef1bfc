import { mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../cli/program.ts';
import { badPicture, fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

let library: ServedFolder;
let source: string;
let endpoint: string;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), 'likeness-source-'));
  library = await servedFolder();
  await library.write('one.png', await picture(1));
  await library.write('trips/two.png', await picture(2));
  endpoint = (await library.serve()).serving.url;
});
afterEach(async () => {
  await library.remove();
  await rm(source, { recursive: true, force: true });
});

/** Runs a command line against the server, as a script would. */
async function likeness(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(['--endpoint', endpoint, ...args], { ...terminal, interactive: false });
  return { code, out: out.join('\n'), err: err.join('\n'), json: () => JSON.parse(out.join('\n')) };
}

async function sourceFile(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(source, name), content);
  return join(source, name);
}

const keysOf = (items: { key: string }[]) => items.map(({ key }) => key);

describe('likeness add', () => {
  it('returns when everything is searchable, and does nothing the second time', async () => {
    const file = await sourceFile('new.png', await picture(3));
    await sourceFile('newer.png', await picture(4));
    await sourceFile('notes.txt', 'no picture');

    const first = await likeness('add', source, '--json');
    const folder = source.split('/').at(-1);
    expect(first.code).toBe(0);
    expect(first.json().added.toSorted()).toEqual([`${folder}/new.png`, `${folder}/newer.png`]);
    const search = await likeness('search', file, '-k', '1', '--json');
    expect(keysOf(search.json().results)).toEqual([`${folder}/new.png`]);

    const second = await likeness('add', source, '--json');
    expect(second.json().added).toEqual([]);
    expect(second.json().unchanged).toHaveLength(2);
  });

  it('reports what is refused, adds the rest, and exits with 1', async () => {
    const good = await sourceFile('good.png', await picture(3));
    const bad = await sourceFile('bad.png', badPicture());
    const empty = await sourceFile('empty.png', '');

    const { code, err, out } = await likeness('add', good, bad, empty, '--prefix', 'up/');

    expect(code).toBe(1);
    expect(out).toContain('Added 1 picture');
    expect(err).toMatch(/up\/bad\.png: .*(picture|image)/);
    expect(err).toContain('up/empty.png: the file is empty');
    expect(keysOf((await likeness('ls', 'up/', '--json')).json())).toEqual(['up/good.png']);
    // What was refused is nowhere, so that nobody has to clean up behind it.
    expect((await likeness('rejected', '--json')).json()).toEqual([]);
    expect(await readdir(join(library.folder, 'up'))).toEqual(['good.png']);
  });

  it('replaces a picture that has another content', async () => {
    const file = await sourceFile('one.png', await picture(9));

    expect((await likeness('add', file, '--json')).json()).toMatchObject({ added: ['one.png'] });

    expect(await readFile(join(library.folder, 'one.png'))).toEqual(await picture(9));
    expect((await likeness('search', file, '-k', '1')).out).toMatch(/^1\.000 +20\d\d-\d\d-\d\d +one\.png$/);
  });

  it('fails for what is not there or not called a picture', async () => {
    expect((await likeness('add', join(source, 'nothing.png'))).code).toBe(1);
    expect((await likeness('add', await sourceFile('notes.txt', 'text'))).err).toContain(
      'not called a picture',
    );
    expect((await likeness('add', source)).err).toContain('no pictures');
  });
});

describe('likeness search and similar', () => {
  it('prints score, date and key, best first', async () => {
    const { code, out } = await likeness('search', await sourceFile('q.webp', await picture(2, 'webp')));

    expect(code).toBe(0);
    expect(out.split('\n')[0]).toMatch(/^0\.9\d\d +20\d\d-\d\d-\d\d +trips\/two\.png$/);
    expect(out.split('\n')).toHaveLength(2);
  });

  it('heeds k, prefix, the least score and the filter', async () => {
    const file = await sourceFile('q.png', await picture(1));
    const found = async (...flags: string[]) =>
      keysOf((await likeness('search', file, '--json', ...flags)).json().results);

    expect(await found('-k', '1')).toEqual(['one.png']);
    expect(await found('--prefix', 'trips/')).toEqual(['trips/two.png']);
    expect(await found('--min-score', '0.999')).toEqual(['one.png']);
    expect(await found('--filter', 'album=nowhere')).toEqual([]);
    expect(await found('--crop', '0,0,0.5,0.5')).toHaveLength(2);
    expect(await found('--range', 'size:1..', '--distinct', '--centered')).toHaveLength(2);
    expect(await found('--range', 'taken:2024..')).toEqual([]);
  });

  it('finds neighbours of an indexed picture, without itself', async () => {
    const { json } = await likeness('similar', 'one.png', '--json');

    expect(keysOf(json().results)).toEqual(['trips/two.png']);
  });

  it('goes by several pictures, files or keys, with what each counts', async () => {
    const [one, two] = [
      await sourceFile('q1.png', await picture(1)),
      await sourceFile('q2.png', await picture(2)),
    ];
    const first = async (...args: string[]) => keysOf((await likeness(...args, '--json')).json().results)[0];
    expect(await first('search', one, two, '--weights', '1,0.1')).toBe('one.png');
    expect(await first('search', one, two, '--weights', '0.1,1')).toBe('trips/two.png');
    expect((await likeness('similar', 'one.png', 'trips/two.png', '--json')).json().results).toEqual([]);
    expect((await likeness('search', one, two, '--weights', '1')).code).toBe(2);
    expect((await likeness('search', one, two, '--crop', '0,0,1,1')).code).toBe(2);
  });

  it('says what is wrong with a picture or a key', async () => {
    const text = await likeness('search', await sourceFile('text.png', badPicture()));
    expect([text.code, text.err]).toEqual([1, expect.stringContaining('not a picture')]);
    const missing = await likeness('similar', 'nothing.png');
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('nothing.png')]);
  });

  it('warns of synthetic weights', async () => {
    expect((await likeness('similar', 'one.png')).err).toContain('SYNTHETIC');
  });
});

describe('likeness rm, ls, rejected, status', () => {
  it('deletes pictures, and returns when they are forgotten', async () => {
    expect(await likeness('rm', 'one.png')).toMatchObject({
      code: 0,
      out: 'Deleted 1 picture: likeness restore brings them back.',
    });

    expect((await likeness('ls')).out).toMatch(/trips\/two\.png$/);
    await expect(readFile(join(library.folder, 'one.png'))).rejects.toThrow('ENOENT');
  });

  it.each([
    ['JSON', JSON.stringify([{ key: 'one.png' }, 'trips/two.png'])],
    ['NUL', 'one.png\0trips/two.png\0'],
  ])('deletes the keys of a list in %s', async (_, list) => {
    const file = await sourceFile('list', new TextEncoder().encode(list));
    expect((await likeness('rm', '--from', file)).out).toBe(
      'Deleted 2 pictures: likeness restore brings them back.',
    );
  });

  it('takes no list by lines, in which a key may be two', async () => {
    const file = await sourceFile('list', new TextEncoder().encode('one.png\ntwo.png\n'));
    expect((await likeness('rm', '--from', file)).code).toBe(2);
  });

  it('lists nothing as an empty array', async () => {
    expect((await likeness('ls', 'nowhere/', '--json')).json()).toEqual([]);
    expect((await likeness('rejected', '--json')).json()).toEqual([]);
  });

  it('lists what was rejected', async () => {
    await library.write('bad.png', badPicture());

    await vi.waitFor(
      async () => expect((await likeness('rejected')).out).toBe('bad.png: this is not a picture'),
      { timeout: 20_000, interval: 50 },
    );
  });

  it('shows the state of the library', async () => {
    const { out } = await likeness('status');
    expect(out).toMatch(/pictures +2\n/);
    expect(out).toContain('SYNTHETIC');
    expect((await likeness('status', '--json')).json()).toMatchObject({
      pictures: 2,
      model: { id: 'fake-00000000' },
    });
  });
});

describe('commands that work on the files', () => {
  it('compacts and verifies what the server serves, while it does', async () => {
    expect((await likeness('compact', '--json')).json()).toMatchObject({ outcome: 'committed', live: 2 });
    expect((await likeness('status', '--json')).json().index.generation).toBe(1);

    const verified = await likeness('verify', '--json');
    expect(verified.code).toBe(0);
    expect(verified.json()).toMatchObject({ ok: true, live: 2, compared: 2, problems: [] });
  });

  it('compacts a folder by its name, without a server', async () => {
    await library.remove();
    library = await servedFolder();
    await library.write('a.png', await picture(1));
    const { serving } = await library.serve();
    await serving.stop();

    const model = fakeEmbedder().model.modelId;
    const { out } = await likeness('compact', library.folder, '--model', model);

    expect(out).toBe('Committed: generation 1, 1 picture, 1 append folded.');
  });

  it('tells of damage and exits with 1', async () => {
    await likeness('compact');
    const index = join(library.folder, '.likeness', fakeEmbedder().model.modelId);
    await unlink(join(index, `manifest/${'1'.padStart(20, '0')}.json`));
    // The one below it is gone, so that rows may be missing.
    await writeFile(join(index, `manifest/${'2'.padStart(20, '0')}.json`), '{"format":1');

    const { code, out } = await likeness('verify', library.folder, '--model', fakeEmbedder().model.modelId);

    expect(code).toBe(1);
    expect(out).toContain('manifest-unreadable');
  });

  it('counts what a backfill would do', async () => {
    await library.write('late.png', await picture(5));
    const { json } = await likeness('backfill', '--dry-run', '--json');

    expect(json()).toMatchObject({ compared: 3, gone: 0, changed: 0 });
  });
});

describe('exit codes and usage', () => {
  it.each([
    [['nosuch']],
    [['search']],
    [['search', 'a.png', '-k', 'many']],
    [['search', 'a.png', '--crop', '0,0,2,2']],
    [['search', 'a.png', '--filter', 'album']],
    [['search', 'a.png', '--range', 'album:1..2']],
    [['search', 'a.png', '--range', 'size:1..many']],
    [['search', 'a.png', '--weights', '1,x']],
    [['setup', '--pool', 'max']],
    [['setup', '--crop', 'half']],
    [['ls', '--nosuch']],
    [['verify', 'folder', '--images-bucket', 'a', '--index-bucket', 'b']],
    [['verify', '--images-bucket', 'a']],
  ])('exits with 2 for %j', async (args) => {
    const { code, err } = await likeness(...args);

    expect(code).toBe(2);
    expect(err).not.toBe('');
  });

  it('exits with 1 and says how to begin when no server answers', async () => {
    const terminal: string[] = [];
    const code = await run(['status', '--endpoint', 'http://127.0.0.1:9'], {
      out: () => {},
      err: (line) => void terminal.push(line),
      interactive: false,
    });

    expect(code).toBe(1);
    expect(terminal.join()).toContain('no server answers at http://127.0.0.1:9');
  });

  it('shows examples in the help of every command', async () => {
    const help = await likeness('--help');
    expect(help.code).toBe(0);
    const names = [...help.out.matchAll(/^ {2}([a-z]+)(?: \[| <)/gm)].map(([, name]) => name!);
    const own = names.filter((name) => !['help', 'complete'].includes(name));
    expect(own.length).toBeGreaterThan(10);

    for (const name of own) expect((await likeness(name, '--help')).out).toContain('Examples:');
  });
});

describe('likeness duplicates, trash, restore', () => {
  beforeEach(async () => {
    const large = await sharp(await picture(1))
      .resize(200, 200, { kernel: 'nearest' })
      .jpeg()
      .toBuffer();
    await library.write('originals/large.jpg', large);
    await library.write('family/one copy.png', await picture(1));
    endpoint = (await library.serve()).serving.url;
  });
  const exists = (key: string) =>
    readFile(join(library.folder, key)).then(
      () => true,
      () => false,
    );

  it('shows what would go, keeps the best, and deletes nothing unasked', async () => {
    const { code, out, err } = await likeness('duplicates');
    expect(code).toBe(0);
    expect(out).toContain('keep originals/large.jpg (200 x 200)');
    expect(err).toMatch(/1 group, 2 pictures to spare.*Nothing was deleted/);
    expect(await exists('one.png')).toBe(true);
  });

  it('moves all but the keeper and what is protected into the trash, from which it comes back', async () => {
    const { code, err } = await likeness('duplicates', '--protect', 'family/', '--trash');
    expect([code, err]).toEqual([0, expect.stringMatching(/Deleted 1: they can be had back/)]);
    expect(await exists('originals/large.jpg')).toBe(true);
    expect(await exists('family/one copy.png')).toBe(true);
    expect(await exists('one.png')).toBe(false);

    expect((await likeness('trash', '--json')).json()).toMatchObject([{ key: 'one.png' }]);
    expect((await likeness('restore', 'one.png')).code).toBe(0);
    expect(await exists('one.png')).toBe(true);
    expect((await likeness('restore', 'one.png')).code).toBe(1);
  });

  it('keeps by a rule in a group of three, and never what is protected goes', async () => {
    const plan = async (...flags: string[]) => {
      const [group, ...others] = (await likeness('duplicates', '--json', ...flags)).json();
      expect(others).toEqual([]);
      return [group.keeper, ...group.deletable.toSorted()];
    };
    expect(await plan('--keep', 'in:family/')).toEqual([
      'family/one copy.png',
      'one.png',
      'originals/large.jpg',
    ]);
    expect(await plan('--keep', 'in:family/', '--protect', 'originals/')).toEqual([
      'family/one copy.png',
      'one.png',
    ]);
    expect(await plan('--protect', 'family/', '--protect', 'originals/')).toEqual([
      'originals/large.jpg',
      'one.png',
    ]);
  });

  it('deletes nothing of a group whose keeper went while it was looked at', async () => {
    const server = endpoint;
    const proxy = createServer(async (request, response) => {
      // The keeper goes after the groups were asked for, before anything is deleted.
      if (request.method === 'DELETE')
        await unlink(join(library.folder, 'originals/large.jpg')).catch(() => {});
      const body = request.method === 'POST' ? { body: Buffer.concat(await request.toArray()) } : {};
      const answer = await fetch(server + request.url, {
        method: request.method!,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        ...body,
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const { code, err } = await likeness('duplicates', '--trash');
    proxy.close();
    expect([code, err]).toEqual([1, expect.stringContaining('"originals/large.jpg" has changed or gone')]);
    expect(await exists('one.png')).toBe(true);
    expect(await exists('family/one copy.png')).toBe(true);
  });

  it('deletes nothing where no trash is kept, unless that is said', async () => {
    const server = endpoint;
    const proxy = createServer(async (request, response) => {
      const body = request.method === 'POST' ? { body: Buffer.concat(await request.toArray()) } : {};
      const answer = await fetch(server + request.url, { method: request.method!, ...body });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      // As a bucket without versions says it.
      const text = await answer.text();
      response.end(
        text.replace('"kept":true', '"kept":false').replace('"restorable":true', '"restorable":false'),
      );
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const refused = await likeness('duplicates', '--trash');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('Nothing was deleted')]);
    expect(await exists('one.png')).toBe(true);
    const meant = await likeness('duplicates', '--trash', '--for-good');
    proxy.close();
    expect([meant.code, meant.err]).toEqual([0, expect.stringContaining('2 of them for good')]);
    expect(await exists('one.png')).toBe(false);
  });

  it('prints CSV, a line a picture', async () => {
    const lines = (await likeness('duplicates', '--csv')).out.split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^1,kept,"originals\/large.jpg",\d+,200,200,,\d{4}-.*Z,same,"200 x 200"$/);
  });

  it('refuses what makes no sense', async () => {
    expect((await likeness('duplicates', '--keep', 'newest')).code).toBe(2);
    expect((await likeness('duplicates', '--trash', '--dry-run')).code).toBe(2);
    for (const tier of ['likely', 'alike'])
      expect((await likeness('duplicates', '--tier', tier, '--trash')).code).toBe(2);
    expect((await likeness('duplicates', '--for-good')).code).toBe(2);
  });

  it('lets nobody pipe whole groups into rm', async () => {
    const groups = (await likeness('duplicates', '--json')).out;
    const file = await sourceFile('groups.json', groups);
    expect((await likeness('rm', '--from', file)).code).toBe(2);
    expect(await exists('originals/large.jpg')).toBe(true);
  });
});
