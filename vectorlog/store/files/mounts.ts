/**
 * Where file systems are mounted, as Linux tells. A device's number does not: a folder of one disk that is mounted
 * elsewhere (`mount --bind`, a container's volumes) has that disk's number there too, is gone as a whole when it is
 * unmounted, and no file can be moved to it or linked.
 */

import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlessAbsent } from './file-access.ts';

/** Real paths that something is mounted at; none where the system does not tell. */
export type MountPoints = ReadonlySet<string>;

/** The mounts that this process sees, from `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export async function mountPoints(): Promise<MountPoints> {
  const text = (await unlessAbsent(readFile('/proc/self/mountinfo', 'utf8'))) ?? '';
  const points = text.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  return new Set(points.map(unescaped));
}

/** Where that is mounted which a real path lies on. */
export function mountOf(path: string, points: MountPoints): string {
  let at = path;
  while (!points.has(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

/** Blanks, line ends and backslashes are written as three octal digits. */
const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
