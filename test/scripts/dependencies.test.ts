/** What the built command line and package import is what installing the package brings. */

import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { importsOf } from '../../scripts/imports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
  readFileSync(`${root}package.json`, 'utf8'),
) as Record<string, Record<string, string>>;

/** Asked for only where it is there: the demonstration's pictures in a clone. */
const OPTIONAL = ['@lobehub/fluent-emoji-3d'];

test.each(['cli/likeness.ts', 'client/index.ts', 'client/sigv4.ts', 'vectorlog/index.ts', 'cdk/index.ts'])(
  '%s imports only what the package depends on',
  async (entry) => {
    const imported = Object.values(await importsOf(entry))
      .flatMap(({ imports }) => imports)
      .filter(({ external, path }) => external && !isBuiltin(path))
      .map(({ path }) =>
        path
          .split('/')
          .slice(0, path.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    const brought = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    const missing = [...new Set(imported)].filter(
      (name) => !brought.includes(name) && !OPTIONAL.includes(name),
    );
    expect(missing).toEqual([]);
  },
);
