/** Packages that npm did not install here because they are for another platform. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE_FOLDER } from '../../layers/onnx-resnet50/cache-folder.ts';
import { NativePackageMissing } from './errors.ts';
import type { LockedPackage } from './lock-file.ts';

const CACHE = join(CACHE_FOLDER, 'packages');

/**
 * Fetches a package's tarball as `npm pack` does, from the registry that npm is set to, and unpacks it; once.
 *
 * @returns the folder with its package.json
 * @throws NativePackageMissing when it cannot be had, or is not what the integrity says
 */
export function downloadPackage({ name, version, integrity }: LockedPackage): string {
  const folder = join(CACHE, `${name.replace('/', '-')}-${version}`);
  if (existsSync(folder)) return folder;
  const scratch = `${folder}.part`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const tarball = join(scratch, pack(name, version, scratch));
  const [algorithm = '', expected] = integrity.split(/-(.*)/s);
  if (createHash(algorithm).update(readFileSync(tarball)).digest('base64') !== expected) {
    throw new NativePackageMissing(`${name}@${version} from the registry is not the file that was tested`);
  }
  // Windows has this tar too.
  execFileSync('tar', ['-xzf', tarball, '-C', scratch]);
  renameSync(join(scratch, 'package'), folder);
  rmSync(scratch, { recursive: true });
  return folder;
}

/** The name of the file that it wrote. */
function pack(name: string, version: string, folder: string): string {
  const args = ['pack', `${name}@${version}`, '--json', '--pack-destination', folder];
  try {
    // Through a shell on Windows, where npm is a script.
    const output = execFileSync('npm', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    return (JSON.parse(output) as { filename: string }[])[0]!.filename;
  } catch (error) {
    throw new NativePackageMissing(
      `${name}@${version}, which Lambda needs, cannot be downloaded: see that "npm pack ${name}@${version}" works`,
      { cause: error },
    );
  }
}
