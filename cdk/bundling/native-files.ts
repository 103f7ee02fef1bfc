/** Whether a native file runs on Amazon Linux 2023: by its processor, and by the versions of the symbols it asks for. */

import { readFileSync } from 'node:fs';
import { TooNewForLambda, WrongProcessor } from './errors.ts';
import type { LambdaArchitecture } from './native-packages.ts';

/** Whether a file holds native code, by its name. */
export const isNative = (path: string): boolean => /\.node$|\.so(\.\d+)*$/.test(path);

/** The numbers that the ELF format has for processors. */
const ELF_MACHINES: Readonly<Record<LambdaArchitecture, number>> = { x64: 0x3e, arm64: 0xb7 };
/** Where an ELF file names its processor. */
const MACHINE_AT = 18;

/**
 * Refuses what would only fail when the function starts.
 *
 * @throws WrongProcessor, TooNewForLambda
 */
export function refuseForeign(path: string, architecture: LambdaArchitecture): void {
  const file = readFileSync(path);
  const elf = file.length > MACHINE_AT + 1 && file.toString('latin1', 1, 4) === 'ELF';
  if (!elf || file.readUInt16LE(MACHINE_AT) !== ELF_MACHINES[architecture]) {
    throw new WrongProcessor(`${path} is not made for Linux on ${architecture}`);
  }
  for (const [library, version] of Object.entries(symbolVersions(file))) {
    const there = LAMBDA_LIBRARIES[library]!;
    if (compare(version, there) > 0) {
      throw new TooNewForLambda(
        `${path} needs ${library} ${version}; Amazon Linux 2023 on Lambda has ${there}`,
      );
    }
  }
}

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

/** Negative, zero or positive, as `a` is before, at or after `b`. */
function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
