/**
 * `npm run closures`: how many modules of ours a reader of each function has to know, and how long files are.
 *
 *     npm run closures -- --json
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importsOf } from './imports.ts';
import { say } from './say.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

/** Modules that a function's code imports, directly or not, without packages. */
async function closure(name: string): Promise<number> {
  return Object.keys(await importsOf(`functions/${name}/lambda.ts`)).filter((path) => path.endsWith('.ts'))
    .length;
}

/** The files of a folder and their lengths in lines, generated ones left out. */
function lengths(folder: string): number[] {
  const files = execFileSync('git', ['ls-files', `${folder}/*.ts`], { cwd: root, encoding: 'utf8' });
  return files
    .trim()
    .split('\n')
    .filter((file) => !file.endsWith('.generated.ts'))
    .map((file) => readFileSync(join(root, file), 'utf8').split('\n').length - 1);
}

const closures = {
  onUpload: await closure('on-upload'),
  compact: await closure('compact'),
  search: await closure('search'),
};
const folders = Object.fromEntries(
  ['vectorlog', 'pictures'].map((folder) => {
    const lines = lengths(folder);
    return [
      folder,
      {
        files: lines.length,
        median: lines.toSorted((a, b) => a - b)[Math.floor(lines.length / 2)]!,
        longest: Math.max(...lines),
      },
    ];
  }),
);
if (values.json) say(JSON.stringify({ closures, folders }));
else {
  for (const [name, count] of Object.entries(closures)) say(`${name}: ${count} modules`);
  for (const [name, { files, median: middle, longest }] of Object.entries(folders))
    say(`${name}: ${files} files, median ${middle} lines, longest ${longest}`);
}
