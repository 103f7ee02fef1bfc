/** search on AWS as it starts: what it loads before the first request, and what waits for one. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { KEEP_WARM_HOST, VARIABLES } from '../../../functions/environment.ts';
import type { Embedder } from '../../../pictures/embedding/embedder.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { httpEvent } from '../../factories/http-event.ts';

const loads = vi.hoisted(() => ({ embedder: undefined as Embedder | undefined }));
vi.mock('../../../pictures/embedding/load.ts', () => ({ loadEmbedder: async () => loads.embedder }));

let folder: string;
const warm = vi.fn(async () => {});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-search-lambda-'));
  loads.embedder = { ...fakeEmbedder(), warm };
  // Nothing listens there: what the function starts with loading fails at once, and is asked for again.
  vi.stubEnv(VARIABLES.endpoint, 'http://127.0.0.1:9');
  vi.stubEnv(VARIABLES.imagesBucket, 'images');
  vi.stubEnv(VARIABLES.indexBucket, 'index');
  vi.stubEnv(VARIABLES.modelFolder, folder);
  vi.stubEnv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '3008');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  vi.stubEnv('POWERTOOLS_TRACE_ENABLED', 'false');
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
});
beforeEach(() => warm.mockClear());
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const ask = async (domainName?: string) => {
  const { handler } = await import('../../../functions/search/lambda.ts');
  // The types of Hono's event and of AWS's own differ in what may be absent.
  const handle = handler as (event: unknown, context: Context) => Promise<unknown>;
  const event = httpEvent({ method: 'GET', path: '/v1/stats' });
  if (domainName) event.requestContext.domainName = domainName;
  return handle(event, { awsRequestId: 'the-request' } as Context);
};

test('a request without a picture does not load the network, which would hold up the index', async () => {
  expect(await ask()).toMatchObject({ statusCode: 503 });
  expect(warm).not.toHaveBeenCalled();
});

test('the schedule that keeps the function loaded loads the network too', async () => {
  await ask(KEEP_WARM_HOST);
  expect(warm).toHaveBeenCalledOnce();
});
