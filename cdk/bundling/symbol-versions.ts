/** Whether a native file runs on Amazon Linux 2023, by the versions of the system libraries' symbols that it asks for. */

import { readFileSync } from 'node:fs';
import { TooNewForLambda } from './errors.ts';

/** What Amazon Linux 2023 has: glibc 2.34, and the C++ library of GCC 11. */
export const LAMBDA_LIBRARIES: Readonly<Record<string, string>> = {
  GLIBC: '2.34',
  GLIBCXX: '3.4.29',
  CXXABI: '1.3.13',
};

/**
 * The highest version of each library that a file asks for. An ELF file names them in its string table, as in
 * `GLIBC_2.34`; a library that defines such versions itself would name them too, but none of ours does.
 */
export function symbolVersions(file: Uint8Array): Record<string, string> {
  const highest: Record<string, string> = {};
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1');
  for (const [, library = '', version = ''] of text.matchAll(/\b(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)+)\0/g)) {
    if (!highest[library] || compare(version, highest[library]) > 0) highest[library] = version;
  }
  return highest;
}

/** @throws TooNewForLambda */
export function refuseTooNew(path: string): void {
  for (const [library, version] of Object.entries(symbolVersions(readFileSync(path)))) {
    const there = LAMBDA_LIBRARIES[library]!;
    if (compare(version, there) > 0) {
      throw new TooNewForLambda(
        `${path} needs ${library} ${version}; Amazon Linux 2023 on Lambda has ${there}`,
      );
    }
  }
}

/** Negative, zero or positive, as `a` is before, at or after `b`. */
function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
