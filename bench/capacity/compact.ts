/** Compacts the index of a folder, and prints as JSON how long it took and the most memory that its process had. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { Compactor } from '../../vectorlog/commit/compaction.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { FileStore } from '../../vectorlog/store/file-store.ts';
import { peakMb } from '../machine.ts';

export interface Compaction {
  readonly seconds: number;
  readonly peakMb: number;
}

const [folder = '', modelId = ''] = process.argv.slice(2);
const compactor = new Compactor({
  index: new FileStore(folder),
  modelId,
  dimensions: DIMENSIONS,
  clock: systemClock,
  logger: silentLogger,
});
const started = performance.now();
await compactor.run();
const seconds = Math.round(performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, peakMb: peakMb() } satisfies Compaction));
process.exit();
