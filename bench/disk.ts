/**
 * What an index on a folder writes and takes up while pictures come in one by one for an hour, in compressed time:
 * `npm run bench:disk [-- --json] [-- --quick] [-- --rows N]`. Bytes are those that the process handed to the file system
 * (`/proc/self/io`, so on Linux only), and those of the files that stand at the worst moment.
 */

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { monotonicFactory } from 'ulid';
import { DIMENSIONS } from '../pictures/dimensions.ts';
import type { Clock } from '../vectorlog/clock.ts';
import { Compactor } from '../vectorlog/commit/compaction.ts';
import { codesLayoutOf, rowOffset } from '../vectorlog/commit/file-formats.ts';
import { FOLDER_LOG_LIMITS } from '../vectorlog/commit/limits.ts';
import { latestManifest } from '../vectorlog/commit/newest-manifest.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { MODEL_ID, seedIndex, uploadOne } from './compact/seed.ts';
import { describeMachine, machine } from './machine.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
  },
});
const ROWS = Number(options.rows ?? (options.quick ? 2_000 : 200_000));
const SECONDS = options.quick ? 120 : 3_600;
const COMPACT_EVERY_S = 30;
/** A quick run is too short for the schedule of a folder. */
const LIMITS = options.quick ? { ...FOLDER_LOG_LIMITS, foldAppends: 40 } : FOLDER_LOG_LIMITS;

/** Time that only this program moves; objects of the store are dated by it, too. */
let now = Date.now();
const nextUlid = monotonicFactory();
const clock: Clock = {
  now: () => now,
  monotonic: () => now,
  sleep: async () => {},
  ulid: () => nextUlid(now),
};

/** The store, its objects dated by the compressed time. */
function dated(store: FileStore): ObjectStore {
  const writtenAt = new Map<string, number>();
  const at = <T>(key: string, result: T): T => {
    writtenAt.set(key, now);
    return result;
  };
  return {
    get: (key, given) => store.get(key, given),
    read: (key, range, target) => store.read(key, range, target),
    head: (key) => store.head(key),
    list: async function* (given) {
      for await (const page of store.list(given))
        yield page.map((info) => ({ ...info, lastModified: new Date(writtenAt.get(info.key) ?? now) }));
    },
    put: async (key, body, given) => at(key, await store.put(key, body, given)),
    putIfAbsent: async (key, body, given) => at(key, await store.putIfAbsent(key, body, given)),
    compose: async (key, parts, given) => at(key, await store.compose(key, parts, given)),
    delete: (keys) => store.delete(keys),
  };
}

/** Bytes that this process has written since it began. */
async function written(): Promise<number> {
  const text = await readFile('/proc/self/io', 'utf8');
  return Number(/^write_bytes: (\d+)/m.exec(text)?.[1]);
}

/** Bytes of the files in a folder; a file with two names counts once. */
async function standing(folder: string): Promise<number> {
  const sizes = new Map<bigint, bigint>();
  for (const name of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, name), { bigint: true }).catch(() => undefined);
    if (found?.isFile()) sizes.set(found.ino, found.blocks * 512n);
  }
  return Number([...sizes.values()].reduce((sum, size) => sum + size, 0n));
}

/** The hour of one server. */
async function hour(store: FileStore, folder: string) {
  const index = dated(store);
  const compactor = new Compactor({
    index,
    modelId: MODEL_ID,
    dimensions: DIMENSIONS,
    clock,
    logger: silentLogger,
    limits: LIMITS,
  });
  const before = await written();
  let most = 0;
  let commits = 0;
  for (let second = 1; second <= SECONDS; second++) {
    now += 1_000;
    await uploadOne(index, clock, `new/${clock.ulid()}`);
    if (second % COMPACT_EVERY_S !== 0) continue;
    if ((await compactor.run()).outcome === 'committed') commits++;
    most = Math.max(most, await standing(folder));
  }
  return { bytes: (await written()) - before, most, commits };
}

const folder = await mkdtemp(join(tmpdir(), 'likeness-disk-'));
try {
  const store = new FileStore(folder, { growsInPlace: true });
  // The first fold of an index that somebody else has made copies it once; that hour is told apart from the next one,
  // which is the first of a server that was started after this one had ended.
  await seedIndex(new FileStore(folder), ROWS);
  const first = await hour(store, folder);
  await store.handOver();
  const next = new FileStore(folder, { growsInPlace: true });
  const steady = await hour(next, folder);
  const { rows, files } = (await latestManifest(next))!.manifest;
  const indexBytes =
    rowOffset(rows, DIMENSIONS) + codesLayoutOf(files, DIMENSIONS).offset(rows) + files.rowsBytes;
  const rowBytes = (SECONDS * indexBytes) / rows;
  const round = (value: number) => Math.round(value * 100) / 100;
  const figures = {
    machine: machine(),
    rows: ROWS,
    pictures: SECONDS,
    new_rows_bytes: Math.round(rowBytes),
    index_bytes: indexBytes,
    first_hour_written: first.bytes,
    steady_hour_written: steady.bytes,
    written_vs_new_rows: round(steady.bytes / rowBytes),
    standing_vs_index_first_hour: round(first.most / indexBytes),
    standing_vs_index: round(steady.most / indexBytes),
    commits: steady.commits,
  };
  if (options.json) console.log(JSON.stringify(figures));
  else {
    console.log(describeMachine(figures.machine));
    console.log(`${ROWS} rows, ${SECONDS} pictures, one a second; ${steady.commits} commits`);
    console.log(`written: ${figures.written_vs_new_rows} times the new rows' bytes (goal 3)`);
    console.log(
      `standing: ${figures.standing_vs_index} times the index; ${figures.standing_vs_index_first_hour} in an hour that copies it (goal 2.2)`,
    );
    console.log(
      `where somebody else has made the index, the first hour copies it once: ${Math.round(first.bytes / 2 ** 20)} MiB written`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
