/**
 * What a server on one machine holds in memory while many large pictures are uploaded to it at once, with the server as people start
 * it: `npm run bench:uploads [-- --json] [-- --quick] [-- --uploads N] [-- --mib N]`. The pictures are noise that no compression
 * makes smaller, and the network is one that costs next to nothing. Memory is read from /proc, so on Linux only.
 */

import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { buildCli } from '../scripts/build.ts';
import { until } from '../test/faults/served.ts';
import { writeTinyModel } from '../test/faults/tiny-model.ts';
import { describeMachine, machine } from './machine.ts';
import { memoryOf, startServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    uploads: { type: 'string' },
    mib: { type: 'string' },
  },
});
const UPLOADS = Number(options.uploads ?? (options.quick ? 10 : 100));
const MIB = Number(options.mib ?? (options.quick ? 2 : 30));
const PATIENCE_MS = 30 * 60_000;

/** A PNG of so many bytes, nearly: it is not compressed. */
async function noise(bytes: number): Promise<Buffer> {
  const side = Math.floor(Math.sqrt(bytes / 3));
  const pixels = randomFillSync(Buffer.alloc(side * side * 3));
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

const seconds = (since: number): number => Math.round(performance.now() - since) / 1_000;

const base = await mkdtemp(join(tmpdir(), 'likeness-uploads-'));
try {
  await buildCli();
  const model = join(base, 'model');
  await writeTinyModel(model);
  process.env.LIKENESS_MODEL_FOLDER = model;
  const folder = join(base, 'pictures');
  await mkdir(folder);
  const server = await startServer(folder, join(base, 'index'));
  try {
    const { client } = server;
    const picture = await noise(MIB * 2 ** 20);
    const upload = (key: string) => client.upload(picture, { key, contentType: 'image/png' });
    const untilIndexed = (pictures: number) =>
      until(
        'all is indexed',
        async () => {
          const stats = await client.stats();
          if (stats.pictures !== pictures || stats.queue?.waiting)
            throw new Error(`${stats.pictures} are there`);
        },
        PATIENCE_MS,
      );
    // What the first one takes is taken by any.
    await upload('first.png');
    await untilIndexed(1);
    const before = memoryOf(server);

    const began = performance.now();
    const outcomes = await Promise.allSettled(Array.from({ length: UPLOADS }, (_, i) => upload(`${i}.png`)));
    const taken = outcomes.filter(({ status }) => status === 'fulfilled').length;
    const acknowledged = seconds(began);
    const uploaded = memoryOf(server);
    await untilIndexed(1 + taken);
    const indexed = seconds(began);
    const after = memoryOf(server);

    const figures = {
      uploads: UPLOADS,
      mib_each: MIB,
      'uploads.taken': taken,
      'uploads.acknowledged_s': acknowledged,
      'uploads.indexed_s': indexed,
      'uploads.memory_before_mib': before.now,
      'uploads.memory_most_while_they_come_mib': uploaded.most,
      'uploads.memory_most_mib': after.most,
      'uploads.memory_after_mib': after.now,
    };
    if (options.json) console.log(JSON.stringify({ machine: machine(), ...figures }));
    else {
      console.log(describeMachine(machine()));
      for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(42)} ${value}`);
    }
  } finally {
    await server.stop();
  }
} finally {
  await rm(base, { recursive: true, force: true });
}
