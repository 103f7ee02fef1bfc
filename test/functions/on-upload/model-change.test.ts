/** A change of the model without a gap: both embed, a backfill fills the new index, and then searches switch. */

import { expect, test } from 'vitest';
import { createOnUpload } from '../../../functions/on-upload/handler.ts';
import { createApp } from '../../../functions/search/app.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import type { Embedder, EmbedOutcome } from '../../../pictures/embedding/embedder.ts';
import { backfill } from '../../../pictures/ingest/backfill.ts';
import { verify } from '../../../pictures/maintenance/verify.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { MemoryStore } from '../../../vectorlog/store/memory-store.ts';
import { prefixed } from '../../../vectorlog/store/prefixed-store.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { s3Event, snsEnvelope, sqsEvent } from '../../factories/s3-events.ts';

/** The other way round: a vector of one model means nothing to the other. */
function reversed(embedder: Embedder): Embedder {
  const turned = (outcome: EmbedOutcome): EmbedOutcome =>
    outcome.embedding ? { ...outcome, embedding: outcome.embedding.toReversed() } : outcome;
  return {
    ...embedder,
    embed: async (pictures, options) => (await embedder.embed(pictures, options)).map(turned),
  };
}

/** One model of the stack: its functions, and the queue that the topic sends to. */
function pipelineOf(embedder: Embedder, pictures: MemoryStore, bucket: MemoryStore) {
  const { modelId } = embedder.model;
  const index = prefixed(bucket, `${modelId}/`);
  const deps = { pictures, index, embedder, clock: systemClock, logger: silentLogger };
  const onUpload = createOnUpload(deps);
  const compactor = new Compactor({ ...deps, modelId, dimensions: DIMENSIONS });
  const app = createApp({
    ...deps,
    uploads: { sign: () => Promise.reject(new Error('nobody uploads here')) },
    pictureUrl: async (key) => `http://pictures.test/${encodeURIComponent(key)}`,
    defaultConsistency: 'strong',
    memoryBudgetBytes: 2 ** 30,
  });
  const queue: (string | object)[] = [];
  const drain = async () => {
    while (queue.length > 0) {
      const { batchItemFailures } = await onUpload(sqsEvent(...queue.splice(0, 10)));
      expect(batchItemFailures).toEqual([]);
    }
  };
  return {
    queue,
    drain,
    compact: () => compactor.run(),
    backfill: () =>
      backfill({ pictures, index, send: async (bodies) => void queue.push(...bodies) }, { endings: 'all' }),
    verify: () => verify({ index, modelId, pictures }),
    /** All keys that a search by this picture finds, best first. */
    async search(body: string): Promise<string[]> {
      const headers = { 'content-type': 'application/octet-stream' };
      const response = await app.request('/v1/search?k=100', { method: 'POST', headers, body });
      expect(response.status).toBe(200);
      const { results } = (await response.json()) as { results: { key: string; score: number }[] };
      expect(results[0]?.score ?? 1).toBeCloseTo(1, 5);
      return results.map(({ key }) => key);
    },
  };
}

test('nothing is missing from searches before, during and after the switch', async () => {
  const pictures = new MemoryStore();
  const bucket = new MemoryStore();
  const main = pipelineOf(fakeEmbedder({ modelId: 'main-00000000' }), pictures, bucket);
  const gem = pipelineOf(reversed(fakeEmbedder({ modelId: 'gem-00000000' })), pictures, bucket);
  /** Who gets events: queues as they are subscribed at the time. */
  let subscribed = [main];
  let sequencer = 0x62000000;
  const tell = (change: Omit<Parameters<typeof s3Event>[0], 'sequencer'>) => {
    const event = s3Event({ ...change, sequencer: (sequencer++).toString(16) });
    for (const { queue } of subscribed) queue.push(subscribed.length > 1 ? snsEnvelope(event) : event);
  };
  const upload = async (key: string) => {
    const body = new TextEncoder().encode(key);
    const { eTag } = await pictures.put(key, body);
    tell({ key, eTag, size: body.length });
  };
  const remove = async (key: string) => {
    await pictures.delete([key]);
    tell({ key, eventName: 'ObjectRemoved:Delete' });
  };
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${String(from + i).padStart(3, '0')}.jpg`);
  const living = async () => {
    const keys: string[] = [];
    for await (const page of pictures.list({ prefix: '' })) keys.push(...page.map(({ key }) => key));
    return keys;
  };

  for (const key of numbered(0, 20)) await upload(key);
  await main.drain();
  await main.compact();
  expect((await main.search('007.jpg')).sort(), 'before').toEqual(numbered(0, 20));

  // The second model joins. Uploads and deletions go on; its backfill comes in the middle of them.
  subscribed = [main, gem];
  for (const key of numbered(20, 25)) await upload(key);
  await remove('000.jpg');
  await gem.backfill();
  for (const key of numbered(25, 30)) await upload(key);
  await remove('001.jpg');
  await upload('000.jpg');
  await Promise.all([main.drain(), gem.drain()]);
  await Promise.all([main.compact(), gem.compact()]);
  expect((await main.search('028.jpg')).sort(), 'during').toEqual(await living());
  expect(await gem.verify(), 'the new index before the switch').toMatchObject({ ok: true, counts: {} });

  // The switch: searches are answered from the other index, which knows all the first one knew.
  expect((await gem.search('000.jpg')).sort(), 'after').toEqual(await living());
  await upload('030.jpg');
  await Promise.all([main.drain(), gem.drain()]);
  expect((await gem.search('030.jpg'))[0]).toBe('030.jpg');
  expect((await main.search('030.jpg'))[0], 'the way back stays open').toBe('030.jpg');

  // The first model goes; what waits in its queue goes with it, and is in the other's as well.
  await upload('031.jpg');
  subscribed = [gem];
  await upload('032.jpg');
  await gem.drain();
  expect((await gem.search('031.jpg')).sort(), 'at last').toEqual(await living());
});
