/** Whether the S3 server's programs are on this machine, and how they get there. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './commands.ts';

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph', 'radosgw-admin', 'setpriv'];

/** Packages of Debian and Ubuntu that hold them. */
const PACKAGES = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common'];

/** The programs that are missing on this machine. */
export function missingPrograms(): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return PROGRAMS.filter((program) => !folders.some((folder) => isExecutable(join(folder, program))));
}

/** Whether to install what is missing: someone asked for it, and is allowed to. */
export const mayInstall = (): boolean => process.env.LIKENESS_INSTALL === '1' && process.getuid?.() === 0;

/** Installs the packages: some 60 MB to fetch, 270 MB on the disk. */
export async function install(): Promise<void> {
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], quiet);
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...PACKAGES], quiet);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
