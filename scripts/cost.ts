/** Writes docs/cost.md and the README's line about costs, and prints the page's tables. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { costPage, readmeLine } from './cost/page.ts';

const page = costPage();
writeFileSync(fileURLToPath(new URL('../docs/cost.md', import.meta.url)), page);
const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const text = readFileSync(readme, 'utf8');
writeFileSync(
  readme,
  text.replace(/^- \*\*Cost:\*\*[\s\S]*?deployed\)\.$/m, () => readmeLine()),
);
console.log(page.slice(page.indexOf('## A month'), page.indexOf('## Limits')));
