/**
 * How many crops a run of the network should have, by threads: `npm run bench:embed-batches [-- --json] [-- --quick]`.
 *
 * Only the network, without decoding. Threads go from one to as many as the machine has cores, doubling; batch sizes take
 * turns, and each figure is the median of its rounds.
 */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { prepareModel } from '../layers/onnx-resnet50/build.ts';
import { MODELS_FOLDER } from '../local/model-choice.ts';
import { SIDE } from '../pictures/embedding/geometry.ts';
import { Network } from '../pictures/embedding/network.ts';
import { describeMachine, machine } from './machine.ts';
import { median } from './median.ts';

const BATCHES = [1, 2, 4, 8, 16];

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** A few crops, once: only to see that it runs. */
    quick: { type: 'boolean', default: false },
  },
});
const CROPS = options.quick ? 2 : 32;
const ROUNDS = options.quick ? 1 : 5;
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

const crops = Array.from({ length: CROPS }, (_, crop) =>
  Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7919 + crop) % 251),
);

async function seconds(network: Network): Promise<number> {
  const start = performance.now();
  await Promise.all(crops.map((crop) => network.embed(crop)));
  return (performance.now() - start) / 1000;
}

const { folder } = await prepareModel({ weights: 'synthetic', precision: 'fp32', out: MODELS_FOLDER });
say(describeMachine(machine()));
const results: { threads: number; batch: number; perSecond: number; vsOne: number }[] = [];
for (let threads = 1; threads <= availableParallelism(); threads *= 2) {
  const networks = BATCHES.map((maxBatch) => new Network(folder, { threads, maxBatch }));
  for (const network of networks) await seconds(network);
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const times: number[] = [];
    for (const network of networks) times.push(await seconds(network));
    rounds.push(times);
  }
  for (const [i, batch] of BATCHES.entries()) {
    const perSecond = Math.round((10 * CROPS) / median(rounds.map((times) => times[i]!))) / 10;
    const vsOne = Math.round(100 * median(rounds.map((times) => times[0]! / times[i]!))) / 100;
    results.push({ threads, batch, perSecond, vsOne });
    say(`${threads} threads, ${batch} a run: ${perSecond} crops a second, ${vsOne} x one a run`);
  }
}
if (options.json) console.log(JSON.stringify({ machine: machine(), crops: CROPS, results }));
