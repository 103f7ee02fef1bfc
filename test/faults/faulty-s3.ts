/** The functions over a real S3 server behind a network that cuts, stalls, truncates, and answers 500, 503 and 429. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSRecord } from 'aws-lambda';
import { createCompact } from '../../functions/compact/handler.ts';
import { createOnUpload } from '../../functions/on-upload/handler.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { verify } from '../../pictures/maintenance/verify.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { isRetryable } from '../../vectorlog/errors.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import type { Random } from '../../vectorlog/testing/random.ts';
import { fakeEmbedder, seededVector } from '../factories/fake-embedder.ts';
import { s3Event, sqsRecord } from '../factories/s3-events.ts';
import { startS3Server, whyNoS3Server } from '../s3-server/s3-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import type { Scenario } from './scenario.ts';
import { until } from './served.ts';

/** Of requests, how many something happens to. */
const FAULTS = 0.12;
/** Few, so that they are overwritten and deleted again and again. */
const KEYS = Array.from({ length: 30 }, (_, i) => `${['', 'a/', 'ü ö/'][i % 3]}${i}.jpg`);
const CHANGES_PER_KILL = 10;
const BATCH = 10;
const DUPLICATES = 0.1;
const BUDGET_BYTES = 512 * 2 ** 20;
const PATIENCE_MS = 10 * 60_000;

/** What a key is, and how many of its events are not acknowledged. */
class Truth {
  eTag: string | undefined;
  text = '';
  version = 0;
  outstanding = 0;
}

interface Message {
  readonly record: SQSRecord;
  readonly of: Truth;
  isDone: boolean;
}

export const faultyS3: Scenario = {
  name: 'S3 through a proxy that cuts, stalls, truncates, and answers 500, 503 and 429',
  obstacle: whyNoS3Server,
  run: async (_, { random, kills }) => {
    const server = await startS3Server();
    const proxy = await FaultProxy.before(server.options.endpoint, random, FAULTS);
    const client = s3Client({ ...server.options, endpoint: proxy.endpoint });
    try {
      const buckets = { pictures: await server.newBucket(), index: await server.newBucket() };
      const embedder = fakeEmbedder();
      const { modelId } = embedder.model;
      /** The stores, as seen past the proxy or through it. */
      const stores = (by: typeof client) => ({
        pictures: new S3Store({ client: by, bucket: buckets.pictures }),
        index: prefixed(new S3Store({ client: by, bucket: buckets.index }), `${modelId}/`),
      });
      const direct = stores(server.client);
      const truths = new Map(KEYS.map((key) => [key, new Truth()]));
      const queue: Message[] = [];
      const common = { clock: systemClock, logger: silentLogger };
      const live = () =>
        new LiveIndex({
          ...common,
          store: stores(client).index,
          dimensions: DIMENSIONS,
          budgetBytes: BUDGET_BYTES,
        });
      let searches = 0;
      let isOver = false;
      /** Does a work again and again until all is over; what may be tried again is. */
      const again = async (pauseMs: number, work: () => Promise<void>) => {
        while (!isOver) {
          try {
            await work();
          } catch (error) {
            if (!isRetryable(error)) throw error;
          }
          await sleep(pauseMs);
        }
      };
      const workers = [0, 1].flatMap(() => {
        const onUpload = createOnUpload({ ...common, ...stores(client), embedder });
        const compact = createCompact({ ...common, index: stores(client).index, modelId });
        const index = live();
        return [
          again(20, () => deliver(queue, onUpload, random)),
          again(500, async () => void (await compact())),
          again(50, async () => {
            await search(index, truths);
            searches++;
          }),
        ];
      });
      const done = (async () => {
        const changes = CHANGES_PER_KILL * kills;
        for (let i = 1; i <= changes; i++) {
          const key = random.pick(KEYS);
          queue.push(await change(direct.pictures, key, truths.get(key)!, `${key} ${i}`, i, random));
          await sleep(random.int(40));
        }
        await until(
          'all events are taken in',
          async () => {
            if (queue.length > 0) throw new Error(`${queue.length} wait`);
          },
          PATIENCE_MS,
        );
        isOver = true;
        return changes;
      })();
      const changes = await Promise.race([done, Promise.all(workers).then(() => done)]).finally(() => {
        isOver = true;
      });
      await Promise.all(workers);
      proxy.share = 0;
      const found = await search(live(), truths);
      const wanted = [...truths.values()].filter(({ eTag }) => eTag !== undefined).length;
      if (found !== wanted) throw new Error(`${found} pictures are found, and there are ${wanted}`);
      const report = await verify({ ...direct, modelId });
      if (!report.ok) throw new Error(`verify: ${JSON.stringify(report.problems)}`);
      const faults = [...proxy.faults.values()].reduce((sum, count) => sum + count, 0);
      return `${changes} changes, ${searches} searches, ${faults} faults in ${proxy.requests} requests`;
    } finally {
      client.destroy();
      proxy.close();
      await server.stop();
    }
  },
};

/** Puts or deletes a picture, past the proxy; returns the event of that. */
async function change(
  pictures: S3Store,
  key: string,
  truth: Truth,
  text: string,
  number: number,
  random: Random,
): Promise<Message> {
  truth.version++;
  truth.outstanding++;
  const sequencer = number.toString(16).toUpperCase().padStart(18, '0');
  const message = (event: object) => ({
    record: sqsRecord(`message-${number}`, JSON.stringify(event)),
    of: truth,
    isDone: false,
  });
  if (truth.eTag !== undefined && random.chance(0.3)) {
    await pictures.delete([key]);
    truth.eTag = undefined;
    return message(s3Event({ eventName: 'ObjectRemoved:Delete', key, sequencer }));
  }
  const body = Buffer.from(text);
  const { eTag } = await pictures.put(key, body, { contentType: 'image/jpeg' });
  Object.assign(truth, { eTag, text });
  return message(s3Event({ key, sequencer, eTag, size: body.length }));
}

/** Gives a batch to on-upload, out of order and some twice, as queues do. */
async function deliver(
  queue: Message[],
  onUpload: ReturnType<typeof createOnUpload>,
  random: Random,
): Promise<void> {
  const batch: Message[] = [];
  while (batch.length < BATCH && queue.length > 0) batch.push(...queue.splice(random.int(queue.length), 1));
  if (batch.length === 0) return;
  const failed = new Set(batch);
  try {
    const { batchItemFailures } = await onUpload({ Records: batch.map(({ record }) => record) });
    const back = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const message of batch) if (!back.has(message.record.messageId)) failed.delete(message);
  } finally {
    for (const message of batch) {
      if (!failed.has(message) && !message.isDone) {
        message.isDone = true;
        message.of.outstanding--;
      }
      if (failed.has(message) || random.chance(DUPLICATES)) queue.push(message);
    }
  }
}

/** Looks for every key of which all events were acknowledged before. @returns how many are there */
async function search(index: LiveIndex, truths: ReadonlyMap<string, Truth>): Promise<number> {
  const settled = [...truths].filter(([, { outstanding }]) => outstanding === 0);
  const before = settled.map(([key, truth]) => ({
    key,
    truth,
    version: truth.version,
    eTag: truth.eTag,
    text: truth.text,
  }));
  let found = 0;
  await index.read('strong', async (view) => {
    for (const { key, truth, version, eTag, text } of before) {
      const entry = view.find(key);
      const hits =
        eTag === undefined ? [] : (await view.search([seededVector(Buffer.from(text))], { k: 1 })).found[0]!;
      if (entry) found++;
      // It was changed meanwhile.
      if (truth.version !== version) continue;
      if (entry?.eTag !== eTag)
        throw new Error(`"${key}" has ${entry?.eTag} and was acknowledged as ${eTag}`);
      if (eTag !== undefined && hits[0]?.entry.key !== key)
        throw new Error(`"${key}" is not found by its looks, but "${hits[0]?.entry.key}" is`);
    }
  });
  return found;
}
