/**
 * Projecting an index into S3 Vectors, and searching over it: bytes, requests, time, and what AWS would bill:
 * `npm run bench:far [-- --json] [-- --quick] [-- --rows 1000000]`.
 *
 * The service is a process on this machine that takes everything in at once, so what is measured is the client; the
 * limit of 2,500 vectors a second is kept to as on AWS. The index lies in a folder.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { filterableOf } from '../pictures/attributes.ts';
import { DIMENSIONS, ROW_BYTES } from '../pictures/dimensions.ts';
import { ELSEWHERE } from '../scripts/cost/model.ts';
import { PRICES } from '../scripts/cost/prices.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { FarReader } from '../vectorlog/far/far-reader.ts';
import { SERVICE_LIMITS } from '../vectorlog/far/limits.ts';
import { project } from '../vectorlog/far/projection.ts';
import { S3Vectors } from '../vectorlog/far/s3-vectors.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import { seedIndex } from './compact/seed.ts';
import { describeMachine, machine } from './machine.ts';
import { median } from './median.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
  },
});
const ROWS = Number(options.rows ?? (options.quick ? 1_000 : 20_000));
const SEARCHES = options.quick ? 3 : 20;
const say = (line: string): void => {
  if (!options.json) console.log(line);
};

const folder = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
const service = fork(fileURLToPath(new URL('far/service.ts', import.meta.url)), {
  execArgv: ['--import', 'tsx'],
});
try {
  const [port] = (await once(service, 'message')) as [number];
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
  const far = new S3Vectors({ index: 'bench', endpoint, region: 'us-east-1', credentials });
  const index = new FileStore(folder);
  await seedIndex(index, ROWS);
  const deps = { index, far, dimensions: DIMENSIONS, clock: systemClock, logger: silentLogger };

  const began = performance.now();
  const cpu = process.cpuUsage();
  const { put } = await project({ ...deps, filterable: filterableOf });
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const used = (await (await fetch(endpoint)).json()) as { puts: number; bytes: number };

  const reader = new FarReader({ store: index, ...deps });
  const query = new Float32Array(DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS));
  const times: number[] = [];
  for (let i = 0; i < SEARCHES; i++) {
    const started = performance.now();
    await reader.read('strong', (view) => view.search([query], { k: 10 }));
    times.push(performance.now() - started);
  }
  const figures = {
    machine: machine(),
    rows: ROWS,
    put,
    requests: used.puts,
    bytesPerRow: Math.round(used.bytes / put),
    projectSeconds: seconds,
    rowsPerSecond: put / seconds,
    processorSecondsPer1000Rows: (user + system) / 1e6 / (put / 1_000),
    leastSecondsByTheServicesLimit: put / SERVICE_LIMITS.vectorsPerSecond,
    firstSearchMs: times[0]!,
    searchMs: median(times),
    putUsd: ((put * ROW_BYTES) / 1e9) * PRICES.vectorsWrite.usd,
    monthUsd: ELSEWHERE['S3 Vectors']({ pictures: ROWS, searches: 0 }),
    millionSearchesUsd:
      ELSEWHERE['S3 Vectors']({ pictures: ROWS, searches: 1e6 }) -
      ELSEWHERE['S3 Vectors']({ pictures: ROWS, searches: 0 }),
  };
  if (options.json) console.log(JSON.stringify(figures));
  say(describeMachine(figures.machine));
  say(
    `projected ${put} of ${ROWS} rows in ${seconds.toFixed(1)} s (${figures.rowsPerSecond.toFixed(0)} a second; the service takes 2,500)`,
  );
  say(
    `${used.puts} requests, ${figures.bytesPerRow} bytes a row, ${figures.processorSecondsPer1000Rows.toFixed(2)} processor seconds for 1,000 rows`,
  );
  say(
    `a search takes ${figures.searchMs.toFixed(0)} ms, the first one ${figures.firstSearchMs.toFixed(0)} ms; 100 ms of each are the service's`,
  );
  say(
    `AWS bills $${figures.putUsd.toFixed(4)} to put them, $${figures.monthUsd.toFixed(3)} a month, $${figures.millionSearchesUsd.toFixed(2)} for a million searches`,
  );
  far.close();
} finally {
  service.kill();
  await rm(folder, { recursive: true, force: true });
}
