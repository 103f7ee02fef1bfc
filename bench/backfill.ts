/**
 * What backfill, rebuild and verify take for 10,000 keys, without the network: `npm run bench:backfill [-- --json] [-- --quick]`.
 *
 * The index lies in a folder; the bucket is a list that is made up, of which each third object is indexed.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backfillBatch, backfillGone } from '../pictures/ingest/backfill-pieces.ts';
import { Known } from '../pictures/ingest/known.ts';
import { verify } from '../pictures/maintenance/verify.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import { compareKeys, type ObjectInfo } from '../vectorlog/store/object-store.ts';
import { MemoryStore } from '../vectorlog/testing/memory-store.ts';
import { MODEL_ID, seedIndex } from './compact/seed.ts';
import { describeMachine, machine } from './machine.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
const KEYS = options.quick ? 3_000 : 300_000;
/** Rows with vectors, of which verify reads 8 KB each. */
const ROWS = options.quick ? 1_000 : 100_000;
const BATCH = 500;

const folder = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
try {
  const index = new FileStore(folder);
  await seedIndex(index, ROWS);
  const objects: ObjectInfo[] = Array.from({ length: KEYS }, (_, i) => ({
    key: `album/${i}.jpg`,
    size: 1_234_567,
    eTag: 'd41d8cd98f00b204e9800998ecf8427e',
    lastModified: new Date(0),
  })).sort((a, b) => compareKeys(a.key, b.key));
  const pictures = new MemoryStore();
  pictures.list = async function* ({ startAfter }) {
    const from =
      startAfter === undefined ? 0 : objects.findIndex(({ key }) => compareKeys(key, startAfter) > 0);
    for (let i = from; i >= 0 && i < objects.length; i += 1_000) yield objects.slice(i, i + 1_000);
  };
  let messages = 0;
  const send = async (bodies: readonly string[]) => {
    messages += bodies.length;
  };
  const timed = async <T>(work: () => Promise<T>): Promise<{ seconds: number; value: T }> => {
    const began = performance.now();
    const value = await work();
    return { seconds: (performance.now() - began) / 1_000, value };
  };

  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const { seconds: readSeconds, value: known } = await timed(() => Known.read(index));
  globalThis.gc?.();
  const bytes = process.memoryUsage().heapUsed - before;
  const batches = await timed(async () => {
    for (let i = 0; i < objects.length; i += BATCH)
      await backfillBatch({ known, send }, objects.slice(i, i + BATCH), {
        filter: { prefix: '', endings: 'all' },
      });
  });
  const gone = await timed(() =>
    backfillGone(
      { pictures, index, known, send, clock: systemClock },
      { prefix: '', from: undefined, isWhole: false, isOver: () => false },
    ),
  );
  const verified = await timed(() => verify({ index, modelId: MODEL_ID }));
  const per10000 = (seconds: number, keys: number) => (seconds * 10_000) / keys;
  const figures = {
    machine: machine(),
    keys: KEYS,
    rows: ROWS,
    messages,
    readIndexPer10000: per10000(readSeconds, ROWS),
    knownBytesPerKey: bytes / ROWS,
    comparePer10000: per10000(batches.seconds, KEYS),
    gonePer10000: per10000(gone.seconds, KEYS),
    verifyFilesPer10000: per10000(verified.seconds, ROWS),
  };
  if (options.json) console.log(JSON.stringify(figures));
  else {
    console.log(describeMachine(figures.machine));
    console.log(`seconds for 10,000 keys, without network (${KEYS} objects, ${ROWS} rows):`);
    console.log(
      `  reading what the index knows ${figures.readIndexPer10000.toFixed(3)}, ${figures.knownBytesPerKey.toFixed(0)} bytes a key`,
    );
    console.log(
      `  comparing batches of ${BATCH} ${figures.comparePer10000.toFixed(3)}, ${messages} messages`,
    );
    console.log(`  looking for what is gone ${figures.gonePer10000.toFixed(3)}`);
    console.log(`  verifying the files ${figures.verifyFilesPer10000.toFixed(3)}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
