/** Whether searching costs memory that does not come back: `npm run bench:search-memory [-- --json]`. */

import { DIMENSIONS } from '../pictures/dimensions.ts';
import { RowMatrix } from '../vectorlog/scan/row-matrix.ts';
import { describeMachine, machine } from './machine.ts';

const ROWS = 4_096;
const quick = process.argv.includes('--quick');
const SEARCHES = quick ? 1_000 : 100_000;
const EVERY = SEARCHES / 10;
const json = process.argv.includes('--json');

const matrix = new RowMatrix(DIMENSIONS);
const vectors = Float32Array.from({ length: ROWS * DIMENSIONS }, (_, i) => Math.abs(Math.sin(i)) / 30);
matrix.append(vectors);

if (!json) console.log(`${describeMachine(machine())}\n${ROWS} rows, one query after the other, k = 10`);
const start = performance.now();
const samples: { searches: number; residentMiB: number }[] = [];
for (let searches = 1; searches <= SEARCHES; searches++) {
  // The query, its result and everything in between are new each time, as they are in a server.
  await matrix.search([matrix.row(searches % ROWS).slice()], { k: 10 });
  if (searches % EVERY > 0) continue;
  const sample = { searches, residentMiB: Math.round(process.memoryUsage.rss() / 2 ** 20) };
  samples.push(sample);
  if (!json) console.log(`${String(searches).padStart(7)} searches: ${sample.residentMiB} MiB resident`);
}
const seconds = (performance.now() - start) / 1000;
const grownMiB = samples.at(-1)!.residentMiB - samples[0]!.residentMiB;
if (json) {
  console.log(
    JSON.stringify({ machine: machine(), rows: ROWS, searches: SEARCHES, seconds, grownMiB, samples }),
  );
} else {
  console.log(`grown by ${grownMiB} MiB since the first ${EVERY}, in ${seconds.toFixed(0)} s`);
}
