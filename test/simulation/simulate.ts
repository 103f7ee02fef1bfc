/** `npm run simulate -- --seeds 10000`: runs seeds, and prints the one that fails with the line that replays it. */

import { parseArgs } from 'node:util';
import { runSeeds } from './run-seeds.ts';

const { values } = parseArgs({
  options: {
    /** How many. */
    seeds: { type: 'string' },
    /** The first. */
    seed: { type: 'string', default: '1' },
    /** Go on for so long, in place of a number of seeds. */
    seconds: { type: 'string' },
    /** Print every change of the store. */
    trace: { type: 'boolean', default: false },
  },
});

const began = performance.now();
const seeds = values.seeds ?? (values.seconds ? undefined : '1');
const {
  seeds: ran,
  checks,
  failure,
} = await runSeeds({
  firstSeed: Number(values.seed),
  ...(seeds && { seeds: Number(seeds) }),
  ...(values.seconds && { seconds: Number(values.seconds) }),
  trace: values.trace,
});
const took = ((performance.now() - began) / 1_000).toFixed(1);
console.log(`${ran} seeds in ${took} s, the store checked ${checks} times`);
if (failure) {
  console.error(
    `\nseed ${failure.seed} failed: ${failure.message}\n\nnpm run simulate -- --seed ${failure.seed} --trace`,
  );
  process.exitCode = 1;
}
