/** What package-lock.json says: which version of a package was tested, and what its bytes must hash to. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

/** The root of this package. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let lockFile: LockFile | undefined;

/** A package at the top of node_modules. */
export function lockedPackage(name: string): LockedPackage {
  lockFile ??= JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as LockFile;
  const entry = lockFile.packages[`node_modules/${name}`];
  if (!entry) throw new Error(`package-lock.json has no ${name}`);
  return { name, version: entry.version, integrity: entry.integrity };
}
