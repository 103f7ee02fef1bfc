/** The whole API over stores in memory, fed by the real on-upload, with every answer held against its contract. */

import { createOnUpload } from '../../functions/on-upload/handler.ts';
import { createApp } from '../../functions/search/app.ts';
import type { SearchDependencies } from '../../functions/search/dependencies.ts';
import { dimensionsOf } from '../../pictures/dimensions.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import { type Clock, systemClock } from '../../vectorlog/clock.ts';
import { Compactor } from '../../vectorlog/commit/compaction.ts';
import { type Logger, silentLogger } from '../../vectorlog/logger.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';
import { contractOf } from './contract.ts';
import { countingStore } from './counting-store.ts';
import { fakeEmbedder } from './fake-embedder.ts';
import { s3Event, sqsRecord } from './s3-events.ts';

let sequencer = 0x62000000;

export function testApi(
  overrides: Partial<SearchDependencies> = {},
  {
    logger = silentLogger,
    clock = systemClock,
    embedder = fakeEmbedder(),
  }: { logger?: Logger; clock?: Clock; embedder?: Embedder } = {},
) {
  const pictures = new MemoryStore({ clock });
  const index = countingStore(new MemoryStore());
  const onUpload = createOnUpload({ pictures, index, embedder, clock, logger });
  const compactor = new Compactor({
    index,
    modelId: embedder.model.modelId,
    dimensions: dimensionsOf(embedder.model.modelId),
    clock,
    logger,
  });
  const app = createApp({
    pictures,
    index,
    embedder,
    clock,
    logger,
    uploads: {
      sign: async ({ key }) => ({
        method: 'PUT',
        url: `http://pictures.test/${key}`,
        expiresAt: new Date(clock.now() + 60_000).toISOString(),
      }),
    },
    pictureUrl: async (key) => `http://pictures.test/${encodeURIComponent(key)}`,
    defaultConsistency: 'strong',
    memoryBudgetBytes: 2 ** 30,
    ...overrides,
  });

  const tell = async (change: Omit<Parameters<typeof s3Event>[0], 'sequencer'>) => {
    const event = s3Event({ ...change, sequencer: (sequencer++).toString(16).toUpperCase() });
    const { batchItemFailures } = await onUpload({ Records: [sqsRecord('m', event)] });
    if (batchItemFailures.length > 0) throw new Error(`the event of ${change.key} failed`);
  };

  const contract = (async () => contractOf((await (await app.request('/openapi.json')).json()) as never))();

  return {
    app,
    pictures,
    index,
    compact: () => compactor.run(),
    /** Puts a picture into its bucket, and by default also has it indexed. */
    async upload(key: string, body: Uint8Array | string, { metadata = {}, indexed = true } = {}) {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      const { eTag } = await pictures.put(key, bytes, { contentType: 'image/jpeg', metadata });
      if (indexed) await tell({ key, eTag, size: bytes.length });
    },
    /** Has the deletion of a picture reach the index. */
    forget: (key: string) => tell({ key, eventName: 'ObjectRemoved:DeleteMarkerCreated' }),
    /** Asks the API; the answer is checked against the OpenAPI document. */
    async request(path: string, init: RequestInit = {}): Promise<Response> {
      const response = await app.request(path, init);
      await (await contract)(init.method ?? 'GET', path, response);
      return response;
    },
  };
}

/** A request with JSON as its body. */
export const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** A request with a picture as its body. */
export const picture = (body: string | Uint8Array, contentType = 'image/jpeg'): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': contentType },
  body: body as BodyInit,
});
