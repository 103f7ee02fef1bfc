/**
 * One cold start in a process of its own, which the benchmark starts again for every figure: prints one JSON object.
 *
 * Everything is imported before the clock starts, in all modes alike.
 */

import { readFile } from 'node:fs/promises';
import { createApp } from '../../functions/search/app.ts';
import { loadEmbedder } from '../../pictures/embedding/load.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { latestManifest } from '../../vectorlog/commit/manifest.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { inParallel } from '../../vectorlog/parallel.ts';
import { DOWNLOAD_LIMITS } from '../../vectorlog/read/memory.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { type S3ClientOptions, s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';

/** What the benchmark tells this process. */
export interface Order {
  /** `download`: read the files and do nothing; the others answer one search. */
  readonly mode: 'download' | 'key' | 'image';
  readonly s3: S3ClientOptions;
  readonly bucket: string;
  readonly modelFolder: string;
  readonly namespace: string;
  /** A picture file. */
  readonly picture: string;
  /** The key of an indexed picture. */
  readonly key: string;
}

export interface Outcome {
  readonly ms: number;
  /** What the answer says it took; nothing for a download. */
  readonly took?: Record<string, number>;
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order;
const bytes = new Uint8Array(await readFile(order.picture));
const store = prefixed(new S3Store({ client: s3Client(order.s3), bucket: order.bucket }), order.namespace);

/** The three files of the index, in the parts and with the concurrency that the search uses too. */
async function download(): Promise<Outcome> {
  const { files } = (await latestManifest(store))!.manifest;
  const sizes = await Promise.all([files.faiss, files.rows, files.dead].map((name) => store.head(name)));
  const started = performance.now();
  const reads = sizes.flatMap((info) => {
    const { key, size } = info!;
    const target = Buffer.allocUnsafeSlow(size);
    return Array.from({ length: Math.ceil(size / DOWNLOAD_LIMITS.partBytes) }, (_, i) => () => {
      const start = i * DOWNLOAD_LIMITS.partBytes;
      const end = Math.min(size, start + DOWNLOAD_LIMITS.partBytes);
      return store.read(key, { start, end }, target.subarray(start, end));
    });
  });
  await Promise.all(inParallel(DOWNLOAD_LIMITS.parallel, reads));
  return { ms: performance.now() - started };
}

async function firstAnswer(): Promise<Outcome> {
  const started = performance.now();
  const embedder = await loadEmbedder(order.modelFolder);
  const app = createApp({
    pictures: store,
    index: store,
    embedder,
    clock: systemClock,
    logger: silentLogger,
    uploads: { sign: () => Promise.reject(new Error('no uploads here')) },
    pictureUrl: async (key) => key,
    defaultConsistency: 'strong',
    memoryBudgetBytes: 4 * 2 ** 30,
  });
  const response = await (order.mode === 'key'
    ? app.request(`/v1/images/${order.key}/similar`)
    : app.request('/v1/search', { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: bytes }));
  const answer = (await response.json()) as { took: Record<string, number>; detail?: string };
  const ms = performance.now() - started;
  if (!response.ok) throw new Error(answer.detail);
  return { ms, took: answer.took };
}

console.log(JSON.stringify(await (order.mode === 'download' ? download() : firstAnswer())));
process.exit(0);
