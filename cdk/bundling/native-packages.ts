/** The packages with native code, which stay outside the bundles, for Lambda's platforms whatever this machine is. */

import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadPackage } from './download-package.ts';
import { type LockedPackage, lockedPackage, ROOT } from './lock-file.ts';

/** The processors that Lambda has: Intel's and AMD's, or AWS's own Graviton. */
export const ARCHITECTURES = ['x64', 'arm64'] as const;
export type LambdaArchitecture = (typeof ARCHITECTURES)[number];

export interface NativePackage {
  /** What the code imports. */
  readonly name: string;
  /** Where it lies on Lambda: beside the function's code, or in the layer. */
  readonly place: 'function' | 'layer';
  /** It, what it needs to run, and the parts of it that are made for Lambda's platform. */
  readonly ships: readonly string[];
  /** Whether nothing reads a file or a folder there: other platforms' code, sources, types. */
  readonly leavesOut: (path: string) => boolean;
}

export const nativePackages = (architecture: LambdaArchitecture): readonly NativePackage[] => [
  {
    name: 'sharp',
    place: 'function',
    ships: [
      'sharp',
      '@img/colour',
      'detect-libc',
      'semver',
      `@img/sharp-linux-${architecture}`,
      `@img/sharp-libvips-linux-${architecture}`,
    ],
    // What it depends on is listed above, in the version that it gets.
    leavesOut: (path) => /\/sharp\/(install|src|node_modules)$|\.d\.[cm]?ts$/.test(path),
  },
  {
    name: 'onnxruntime-node',
    place: 'layer',
    // Its other dependencies only serve its installation.
    ships: ['onnxruntime-node', 'onnxruntime-common'],
    leavesOut: (path) => {
      const platform = /\/bin\/[^/]+\/(darwin|win32|linux\/[^/]+)$/.exec(path)?.[1];
      const isOther = platform !== undefined && platform !== `linux/${architecture}`;
      return isOther || /\/onnxruntime-(node|common)\/(lib|script)$|\.d\.ts$|\.map$/.test(path);
    },
  },
];

/** Copies a package, and what it needs to run, below `nodeModules`. */
export function shipNativePackage(native: NativePackage, nodeModules: string): void {
  for (const name of native.ships) {
    const entry = lockedPackage(name, native.name);
    cpSync(folderOf(entry, native.name), join(nodeModules, entry.name), {
      recursive: true,
      filter: (source) => !native.leavesOut(source.replaceAll('\\', '/')),
    });
  }
}

/**
 * Its folder in node_modules, this package's own or the one that this package is in, where npm installed it on this
 * machine; else a copy of what the registry has.
 */
function folderOf(entry: LockedPackage, user: string): string {
  const tops = [join(ROOT, 'node_modules'), join(ROOT, '..')];
  const places = tops.flatMap((top) => [join(top, user, 'node_modules', entry.name), join(top, entry.name)]);
  const installed = places.find((folder) => isOfVersion(folder, entry.version));
  return installed ?? downloadPackage(entry);
}

function isOfVersion(folder: string, version: string): boolean {
  const file = join(folder, 'package.json');
  return (
    existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version === version
  );
}
