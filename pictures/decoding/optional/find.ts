/** Finds the decoders that the user added beside this program. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OptionalDecoder } from './optional-decoder.ts';
import { KNOWN_PACKAGES } from './packages.ts';

/**
 * Looks where Node looks for a package of this program's: beside it, where `npm install` put it, and in the folders of
 * `NODE_PATH`, which on Lambda are those of layers. Never in the folder where a command is run.
 */
export function findOptionalDecoders(): OptionalDecoder[] {
  const { resolve } = createRequire(import.meta.url);
  return KNOWN_PACKAGES.flatMap(({ package: name, modules, ...known }) => {
    try {
      const files = Object.fromEntries(
        Object.entries(modules).map(([file, module]) => [file, resolve(module)]),
      );
      return [{ ...known, name: `${name} ${versionOf(name, Object.values(files)[0]!)}`, files }];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return [];
      throw error;
    }
  });
}

/** A package's version, by the path of one of its files. */
function versionOf(name: string, file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
      if (about.name === name) return about.version ?? '';
    } catch {
      // Not the package's own folder.
    }
  }
  return '';
}
