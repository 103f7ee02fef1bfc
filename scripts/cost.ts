/** Writes docs/cost.md and prints its table. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { costPage } from './cost/page.ts';

const page = costPage();
writeFileSync(fileURLToPath(new URL('../docs/cost.md', import.meta.url)), page);
console.log(page.slice(page.indexOf('## A month'), page.indexOf('## Limits')));
