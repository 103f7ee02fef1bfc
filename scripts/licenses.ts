/** `npm run licenses`: whether the licence of every package that the product ships or runs with allows commercial use. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say, warn } from './say.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
]);

/** Packages with another licence, and why they may be there all the same. */
const EXCEPTIONS: readonly { readonly name: RegExp; readonly licence: string; readonly because: string }[] = [
  {
    name: /^@img\/sharp-(libvips-|win32-|wasm32$)/,
    licence: 'LGPL-3.0-or-later',
    because: 'libvips is a library of its own that sharp links to at run time; its notice ships with it',
  },
];

/** What the console's page is made of, though npm counts it among the packages for development. */
const IN_THE_PAGE = new Set(['client-zip', 'preact']);

interface Entry {
  readonly license?: string;
  readonly dev?: boolean;
}

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>;
};

/** Whether an SPDX expression can be met with licences that are allowed. */
const allowed = (expression: string): boolean =>
  expression
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => ALLOWED.has(one.trim())));

let checked = 0;
const refused: string[] = [];
for (const [path, { license = 'none', dev = false }] of Object.entries(packages)) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  if (path === '' || (dev && !IN_THE_PAGE.has(name))) continue;
  checked++;
  const exception = EXCEPTIONS.some((one) => one.name.test(name) && license.includes(one.licence));
  if (!allowed(license) && !exception) refused.push(`${name}: ${license}`);
}
say(`Licences: ${checked} packages, ${refused.length} refused.`);
for (const line of refused) warn(line);
if (refused.length > 0 || checked === 0) process.exitCode = 1;
