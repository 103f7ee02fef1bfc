/** `npm run simulate:mutants`: plants one bug after the other, and says how many seeds it took to find each. */

import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants.ts';
import { runSeeds } from './run-seeds.ts';

const { values } = parseArgs({
  options: {
    /** Seeds after which a bug counts as not found. */
    seeds: { type: 'string', default: '1000' },
    /** Only bugs whose description has this in it. */
    only: { type: 'string', default: '' },
  },
});

console.log('| Planted bug | Seeds | Found as |\n| --- | ---: | --- |');
for (const { mistake, patches } of MUTANTS) {
  if (!mistake.includes(values.only)) continue;
  // In one process, so that the number of seeds is exact.
  const { seeds, failure } = await runSeeds({ patches, seeds: Number(values.seeds), processes: 1 });
  const found = failure?.message.split('\n')[0]?.replace(/^Error: /, '');
  console.log(`| ${mistake} | ${failure ? seeds : 'not found'} | ${found ?? ''} |`);
  if (!failure) process.exitCode = 1;
}
