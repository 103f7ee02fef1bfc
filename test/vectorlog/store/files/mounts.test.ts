import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { mountOf, mountPoints } from '../../../../vectorlog/store/files/mounts.ts';
import { around, fsError, noFaults } from './faulty-fs.ts';

vi.mock(import('node:fs/promises'), async (original) =>
  (await import('./faulty-fs.ts')).faulty(await original()),
);

async function folder(): Promise<string> {
  const made = await realpath(await mkdtemp(join(tmpdir(), 'likeness-mounts-')));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

describe('mountOf', () => {
  it('is the nearest mount above a path, or the path itself, and never one whose name only begins alike', () => {
    const points = new Set(['/', '/a', '/a/b c', '/a/b']);
    expect(mountOf('/a/b/c', points)).toBe('/a/b');
    expect(mountOf('/a/b', points)).toBe('/a/b');
    expect(mountOf('/a/bc/d', points)).toBe('/a');
    expect(mountOf('/x/y', points)).toBe('/');
  });

  it('is the top where the system does not tell of mounts', () => {
    expect(mountOf('/a/b', new Set())).toBe('/');
  });
});

describe('the table of mounts', () => {
  it('has the place of each, its odd characters written in octal', async () => {
    onTestFinished(noFaults);
    around.readFile = async (_, ...args) => {
      expect(args).toEqual(['/proc/self/mountinfo', 'utf8']);
      return [
        '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
        '36 22 98:0 /mnt1 /to\\040here\\134\\011there rw,noatime master:1 - ext3 /dev/root rw',
        '37 22 98:0 / /a\\08\\777 rw - ext3 /dev/root rw',
        '',
      ].join('\n');
    };
    expect(await mountPoints()).toEqual(new Set(['/', '/to here\\\tthere', '/a\\08\u01ff']));
  });

  it('is empty where the system has none', async () => {
    onTestFinished(noFaults);
    around.readFile = () => Promise.reject(fsError('ENOENT'));
    expect(await mountPoints()).toEqual(new Set());
    around.readFile = () => Promise.reject(fsError('EIO'));
    await expect(mountPoints()).rejects.toThrow('EIO');
  });
});

describe.skipIf(process.platform !== 'linux')('mountPoints', () => {
  it('has the top of all', async () => {
    expect(await mountPoints()).toContain('/');
  });

  it('has a folder that is mounted from the same disk, with blanks and backslashes in its name', async (test) => {
    const base = await folder();
    const [from, to] = [join(base, 'from'), join(base, 'to here\\there')];
    for (const each of [from, to]) await mkdir(each);
    try {
      execFileSync('mount', ['--bind', from, to], { stdio: 'ignore' });
    } catch {
      return test.skip('this user may not mount');
    }
    try {
      expect(await mountPoints()).toContain(to);
      expect(mountOf(join(to, 'x'), await mountPoints())).toBe(to);
    } finally {
      execFileSync('umount', [to]);
    }
    expect(await mountPoints()).not.toContain(to);
  });
});
