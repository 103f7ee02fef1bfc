/** Showing and opening pictures on the machine that has them. */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandFor, DESKTOP, desktopRoutes } from '../../local/desktop.ts';

async function folderWith(name: string) {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-desktop-'));
  await writeFile(join(folder, name), 'a picture');
  const ran: [string, readonly string[]][] = [];
  const app = desktopRoutes(
    folder,
    async (file, args) => {
      ran.push([file, args]);
    },
    'linux',
  );
  const ask = (action: string, key: unknown) =>
    app.request(`${DESKTOP}/${action}`, { method: 'POST', body: JSON.stringify({ key }) });
  return { folder, ran, ask };
}

describe('show and open', () => {
  test('give the path to a program as one argument, whatever is in it', async () => {
    const name = 'a "b" $(c).jpg';
    const { folder, ran, ask } = await folderWith(name);
    expect((await ask('open', name)).status).toBe(204);
    expect((await ask('show', name)).status).toBe(204);
    expect(ran).toEqual([
      ['xdg-open', [join(folder, name)]],
      ['xdg-open', [folder]],
    ]);
  });

  test.each(['../a.jpg', '/etc/passwd', 'gone.jpg', '.hidden/a.jpg', 7])(
    'refuse what is no picture of the folder: %s',
    async (key) => {
      const { ran, ask } = await folderWith('a.jpg');
      expect((await ask('open', key)).status).toBe(404);
      expect(ran).toEqual([]);
    },
  );

  test.each([
    ['darwin', 'show', ['open', ['-R', '/p/a.jpg']]],
    ['win32', 'show', ['explorer.exe', ['/select,/p/a.jpg']]],
    ['linux', 'open', ['xdg-open', ['/p/a.jpg']]],
  ] as const)('on %s', (platform, action, command) => {
    expect(commandFor(action, '/p/a.jpg', platform)).toEqual(command);
  });

  test('say so where there is no program', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'likeness-desktop-'));
    await writeFile(join(folder, 'a.jpg'), 'a picture');
    const app = desktopRoutes(folder, async () => {
      throw new Error('spawn xdg-open ENOENT');
    });
    const body = JSON.stringify({ key: 'a.jpg' });
    expect((await app.request(`${DESKTOP}/open`, { method: 'POST', body })).status).toBe(500);
  });
});
