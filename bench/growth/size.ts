/** The figures of one size of index, as a program of its own: `size.ts <folder> <rows> <rounds> <new rows>` prints them as JSON. The index is there. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { Compactor } from '../../vectorlog/commit/compaction.ts';
import { latestManifest } from '../../vectorlog/commit/newest-manifest.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { FileStore } from '../../vectorlog/store/file-store.ts';
import { appendPictures } from '../cold/write-index.ts';
import { peakMb } from '../machine.ts';
import { codesOnly } from '../made-up-index.ts';
import { MADE_UP } from '../made-up-rows.ts';
import { median } from '../median.ts';

const PER_APPEND = 10;

/** Medians where there are rounds. */
export interface Size {
  readonly rows: number;
  /** From nothing in memory to the first answer, the files in the page cache. */
  readonly loadMs: number;
  /** One search, k = 10. */
  readonly searchMs: number;
  /** A strong read that finds one new append of ten pictures. */
  readonly refreshMs: number;
  /** Folding new rows, a thousand unless it is a short run, by a compactor that is warm, as a server's. */
  readonly compactMs: number;
  /** What is resident more than before the index was loaded, after the searches. */
  readonly residentBytes: number;
  /** Resident at the most, compaction included. */
  readonly peakBytes: number;
}

const [folder = '', ...numbers] = process.argv.slice(2);
const [rows, rounds, newRows] = numbers.map(Number) as [number, number, number];

async function ms(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round(100 * (performance.now() - started)) / 100;
}

async function repeated(times: number, work: (round: number) => Promise<number>): Promise<number> {
  const figures: number[] = [];
  for (let round = 0; round < times; round++) figures.push(await work(round));
  return median(figures);
}

const store = new FileStore(folder, { growsInPlace: true });
const before = process.memoryUsage.rss();
const index = codesOnly(store, rows);
const search = (number: number) => () =>
  index.read('eventual', (view) => view.search([MADE_UP.query(number)], { k: 10 }));
const loadMs = await ms(async () => {
  await index.read('strong', () => {});
  await search(0)();
});
const searchMs = await repeated(rounds * 2, (round) => ms(search(1 + round)));
const residentBytes = Math.max(1, process.memoryUsage.rss() - before);
const refreshMs = await repeated(rounds, async (round) => {
  await appendPictures(store, PER_APPEND, { perAppend: PER_APPEND, prefix: `fresh-${round}` });
  return ms(() => index.read('strong', () => {}));
});
const compactor = new Compactor({
  index: store,
  modelId: (await latestManifest(store))!.manifest.modelId,
  dimensions: DIMENSIONS,
  clock: systemClock,
  logger: silentLogger,
});
await compactor.run();
const compactMs = await repeated(3, async (round) => {
  await appendPictures(store, newRows, { perAppend: PER_APPEND, prefix: `new-${round}` });
  return ms(() => compactor.run());
});
const peakBytes = peakMb() * 2 ** 20;
const size: Size = { rows, loadMs, searchMs, refreshMs, compactMs, residentBytes, peakBytes };
console.log(JSON.stringify(size));
process.exit();
