/** Writes docs/cost.md and the README's line about costs, and prints the page's tables. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { costPage, readmeLine } from './cost/page.ts';

const page = costPage();
writeFileSync(fileURLToPath(new URL('../docs/cost.md', import.meta.url)), page);
const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const text = readFileSync(readme, 'utf8');
// An item of a list goes on in lines that begin with two spaces.
writeFileSync(
  readme,
  text.replace(/^- \*\*Cost:\*\*.*(\n {2}.*)*/m, () => readmeLine()),
);
console.log(page.slice(page.indexOf('## A month'), page.indexOf('## Limits')));
