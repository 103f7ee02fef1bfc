/** Small drawings to test with: the 3D emoji that the demonstration uses as well. */

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const FOLDER = join(
  dirname(createRequire(import.meta.url).resolve('@lobehub/fluent-emoji-3d/package.json')),
  'assets',
);

/** Names of all drawings, in order. */
export const demoNames: readonly string[] = readdirSync(FOLDER).sort();

/** The path of a drawing. */
export const demoPath = (name: string): string => join(FOLDER, name);

/** The bytes of a drawing, chosen by any number. */
export const demoPicture = (n: number): Promise<Buffer> =>
  readFile(demoPath(demoNames[n % demoNames.length]!));
