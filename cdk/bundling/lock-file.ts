/** What package-lock.json says: which version of a package was tested, and what its bytes must hash to. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE_FOLDER } from '../../layers/onnx-resnet50/cache-folder.ts';

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** As in Subresource Integrity: `sha512-…`. */
  readonly integrity: string;
}

type LockFile = Readonly<
  Record<
    'packages',
    Record<string, { version: string; integrity: string; dependencies?: Record<string, string> }>
  >
>;

/** The root of this package: two folders above this file, and above the bundle made of it. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Whether the sources are there; an installed package has what was built of them. */
export const IS_CLONE = existsSync(join(ROOT, 'functions'));

/** Where packages for Lambda are made. */
export const BUILD_FOLDER = IS_CLONE ? join(ROOT, 'build') : join(CACHE_FOLDER, 'build');

/** npm publishes no lock file, so an installed package carries what is needed of it under another name. */
export const PUBLISHED_LOCK = join('dist', 'locked-packages.json');

let lockFile: LockFile | undefined;

/**
 * A package as another one gets it: npm puts it below that one where the top of node_modules has another version.
 *
 * @param user the package that needs it
 */
export function lockedPackage(name: string, user = name): LockedPackage {
  const file = join(ROOT, IS_CLONE ? 'package-lock.json' : PUBLISHED_LOCK);
  lockFile ??= JSON.parse(readFileSync(file, 'utf8')) as LockFile;
  const { packages } = lockFile;
  const entry = packages[`node_modules/${user}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
  if (!entry) throw new Error(`${file} has no ${name}`);
  return { name, version: entry.version, integrity: entry.integrity };
}
