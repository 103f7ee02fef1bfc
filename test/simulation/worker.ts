/** A process that runs seeds one after the other, and stops at the first that fails. */

import { parseArgs } from 'node:util';
import { World } from './world.ts';

/** What a worker writes to its output when it ends: one line of JSON. */
export interface WorkerResult {
  readonly seeds: number;
  /** Changes of the index store that were checked. */
  readonly checks: number;
  readonly failure?: { readonly seed: number; readonly message: string };
}

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    step: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: 'Infinity' },
    trace: { type: 'boolean', default: false },
  },
});
const [from, step, most, seconds] = [values.from, values.step, values.seeds, values.seconds].map(Number) as [
  number,
  number,
  number,
  number,
];
const deadline = performance.now() + seconds * 1_000;
const onTrace = values.trace ? (line: string) => console.error(line) : undefined;

let seeds = 0;
let checks = 0;
let failure: WorkerResult['failure'];
while (seeds < most && !failure && performance.now() < deadline) {
  const seed = from + step * seeds++;
  const world = new World(seed, { onTrace });
  try {
    await world.run();
  } catch (error) {
    const { stack } = error as Error;
    failure = { seed, message: stack ?? String(error) };
  }
  checks += world.changes;
}
const result: WorkerResult = { seeds, checks, ...(failure && { failure }) };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
