import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mountOf, mountPoints } from '../../../vectorlog/store/files/mounts.ts';

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
