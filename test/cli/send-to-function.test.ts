/** A backfill without a queue calls on-upload itself: eight batches at once, and again for what failed. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, expect, test } from 'vitest';
import { sendToFunction } from '../../cli/send-to-function.ts';
import { createOnUpload } from '../../functions/on-upload/handler.ts';
import { backfill } from '../../pictures/ingest/backfill.ts';
import { verify } from '../../pictures/maintenance/verify.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';
import { fakeEmbedder } from '../factories/fake-embedder.ts';

const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

/** Lambda by HTTP, with one function. */
async function lambdaWith(handler: (event: SQSEvent) => Promise<SQSBatchResponse>) {
  let running = 0;
  const seen = { most: 0, paths: new Set<string>() };
  const server = createServer(async (request, response) => {
    seen.paths.add(request.url ?? '');
    seen.most = Math.max(seen.most, ++running);
    try {
      response.end(JSON.stringify(await handler(JSON.parse(await text(request)) as SQSEvent)));
    } catch (error) {
      response.setHeader('x-amz-function-error', 'Unhandled');
      response.end(JSON.stringify({ errorMessage: String(error) }));
    }
    running--;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  return { seen, client: new LambdaClient({ endpoint, region: 'eu-central-1', credentials }) };
}

const libraryOf = async (count: number) => {
  const [pictures, index] = [new MemoryStore(), new MemoryStore()];
  for (let i = 0; i < count; i++) await pictures.put(`${i}.jpg`, new TextEncoder().encode(`${i}`));
  const embedder = fakeEmbedder();
  const onUpload = createOnUpload({
    pictures,
    index,
    embedder,
    clock: systemClock,
    logger: silentLogger,
  });
  return { pictures, index, onUpload, modelId: embedder.model.modelId };
};

test('all that is missing is indexed, though calls fail now and then', async () => {
  const { pictures, index, onUpload, modelId } = await libraryOf(200);
  let calls = 0;
  const { client, seen } = await lambdaWith(async (event) => {
    // A batch that is called again is done: which call is whose is the machine's to decide.
    const isFirst = event.Records[0]?.attributes.ApproximateReceiveCount === '1';
    if (++calls % 4 === 0 && isFirst) throw new Error('out of memory');
    return onUpload(event);
  });
  const sender = sendToFunction('OnUpload', client);

  const report = await backfill({ pictures, index, send: sender.send }, { endings: 'all' });

  expect(report.missing).toBe(200);
  expect(await sender.finish()).toEqual({ failed: 0 });
  expect(await verify({ index, modelId, pictures })).toMatchObject({
    ok: true,
    appends: expect.any(Number),
    counts: {},
  });
  expect([...seen.paths]).toEqual(['/2015-03-31/functions/OnUpload/invocations']);
  expect(seen.most).toBeGreaterThan(1);
  expect(seen.most).toBeLessThanOrEqual(8);
});

test('what no call can do is counted', async () => {
  const { pictures, index } = await libraryOf(12);
  const { client } = await lambdaWith(async ({ Records }) => ({
    batchItemFailures: Records.slice(0, 1).map(({ messageId }) => ({ itemIdentifier: messageId })),
  }));
  const sender = sendToFunction('OnUpload', client);
  await backfill({ pictures, index, send: sender.send }, { endings: 'all' });
  // One of each batch, and of two batches.
  expect(await sender.finish()).toEqual({ failed: 2 });
});
