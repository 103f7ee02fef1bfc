/** Keys that a terminal would obey: every command that prints keys prints them as text. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../cli/program.ts';
import { badPicture } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

/** Sets a window's title, colours what follows, and begins a line of its own. */
const ESCAPES = '\u001b]0;PWNED\u0007\u001b[31m\u009b1m\n0.999 fake';
const key = (name: string) => `${ESCAPES}/${name}${ESCAPES}.png`;

let library: ServedFolder;
let endpoint: string;
let query: string;

beforeAll(async () => {
  library = await servedFolder();
  const same = await picture(1);
  await mkdir(join(library.folder, ESCAPES), { recursive: true });
  for (const name of ['one', 'two', 'gone']) await writeFile(join(library.folder, key(name)), same);
  await writeFile(join(library.folder, key('bad')), badPicture());
  await writeFile(join(library.folder, key('other')), await picture(2));
  query = join(library.folder, key('one'));
  const { client, serving } = await library.serve();
  endpoint = serving.url;
  await client.delete(key('gone'));
});
afterAll(() => library.remove());

describe.skipIf(process.platform === 'win32')('keys reach no terminal raw by', () => {
  it.each([
    ['ls', []],
    ['ls', ['--json']],
    ['rejected', []],
    ['search', () => [query]],
    ['similar', () => [key('one')]],
    ['similar', () => [key('missing')]],
    ['duplicates', []],
    ['duplicates', ['--csv']],
    ['duplicates', ['--json']],
    ['trash', []],
    ['status', []],
    ['verify', []],
    ['restore', () => [key('never')]],
    ['rm', () => [key('other')]],
    ['add', () => [join(library.folder, key('bad'))]],
    ['add', () => [join(library.folder, key('missing'))]],
    ['embed', () => [join(library.folder, key('missing'))]],
    ['compact', []],
    ['backfill', () => [library.folder, '--model', 'fake-00000000', '--dry-run']],
    ['rebuild', () => [library.folder, '--model', 'fake-00000000', '--dry-run']],
  ] as const)('%s %j', async (command, more) => {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const args: readonly string[] = typeof more === 'function' ? more() : more;
    // Without colours, which would be escapes of our own.
    process.env.NO_COLOR = '1';
    await run(['--endpoint', endpoint, command, ...args], { out: say, err: say, interactive: true });
    delete process.env.NO_COLOR;
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line.replaceAll('\n', '')).not.toMatch(/[\p{Cc}]/u);
    expect(lines.filter((line) => line.startsWith('0.999'))).toEqual([]);
    expect(lines.join('\n')).not.toMatch(/^0\.999/m);
  });
});
