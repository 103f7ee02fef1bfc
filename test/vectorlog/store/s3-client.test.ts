/** The client's timeouts, retries and connections are those that were chosen. */

import { afterEach, expect, it, vi } from 'vitest';
import { s3Client } from '../../../vectorlog/store/s3-client.ts';
import { scriptedS3 } from './scripted-s3.ts';

afterEach(() => vi.unstubAllEnvs());

it('speaks with AWS by default, and with an endpoint of one’s own by paths', async () => {
  const endpoint = 'http://127.0.0.1:9';
  expect(s3Client({ region: 'eu-west-1' }).config.forcePathStyle).toBe(false);
  expect(s3Client({ endpoint }).config.forcePathStyle).toBe(true);
  expect(s3Client({ endpoint, forcePathStyle: false }).config.forcePathStyle).toBe(false);
  expect(await s3Client({ endpoint }).config.endpoint!()).toMatchObject({ hostname: '127.0.0.1', port: 9 });
});

it('has the region that it is given, or that of the environment, and for an endpoint any', async () => {
  const endpoint = 'http://127.0.0.1:9';
  vi.stubEnv('AWS_REGION', 'ap-south-1');
  expect(await s3Client({ region: 'eu-west-1' }).config.region()).toBe('eu-west-1');
  expect(await s3Client().config.region()).toBe('ap-south-1');
  expect(await s3Client({ endpoint }).config.region()).toBe('ap-south-1');
  vi.stubEnv('AWS_REGION', undefined);
  expect(await s3Client({ endpoint }).config.region()).toBe('us-east-1');
});

it('has the credentials that it is given, or those of the environment', async () => {
  const credentials = { accessKeyId: 'given', secretAccessKey: 's' };
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'of the environment');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's');
  const idOf = async (options: Parameters<typeof s3Client>[0]) =>
    (await s3Client({ region: 'eu-west-1', ...options }).config.credentials()).accessKeyId;
  expect(await idOf({ credentials })).toBe('given');
  expect(await idOf({})).toBe('of the environment');
});

it('tries five times, keeps connections, gives up those that stand still, and leaves checksums to the signature', async () => {
  const { store, client } = await scriptedS3(() => ({ status: 200, headers: { etag: '"e"' } }));
  await store.put('a', new Uint8Array(1));

  const { config } = client;
  expect(await config.maxAttempts()).toBe(5);
  expect(await config.retryMode).toBe('standard');
  expect(await config.requestChecksumCalculation()).toBe('WHEN_REQUIRED');
  expect(await config.responseChecksumValidation()).toBe('WHEN_REQUIRED');
  expect(config.expectContinueHeader).toBe(false);
  const handler = config.requestHandler as unknown as { httpHandlerConfigs(): object };
  expect(handler.httpHandlerConfigs()).toMatchObject({
    connectionTimeout: 3_000,
    socketTimeout: 20_000,
    httpAgent: { keepAlive: true, maxSockets: 64 },
    httpsAgent: { keepAlive: true, maxSockets: 64 },
  });
});
