/** Signed requests, checked by working the signature out again from the rules of Signature Version 4. */

import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signingFetch } from '../../client/sigv4.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'token' };

interface Seen {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

let seen: Seen[] = [];
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  seen.push({ request, body: Buffer.concat(chunks) });
  response.end('{}');
});
let endpoint = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** Everything but what RFC 3986 calls unreserved. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The signature that the service would expect of a request as it arrived. */
function expectedSignature({ request, body }: Seen): string {
  const { authorization = '' } = request.headers;
  const [, scope, signedHeaders] = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(authorization)!;
  const [path, query = ''] = request.url!.split('?') as [string, string?];
  const canonical = [
    request.method,
    // Every service but S3 encodes the path, as it was sent, once more.
    path.split('/').map(encoded).join('/'),
    query.split('&').sort().join('&'),
    ...signedHeaders!.split(';').map((name) => `${name}:${request.headers[name]}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n');
  const date = request.headers['x-amz-date'] as string;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = scope!.split('/').reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  return hmac(key, toSign).toString('hex');
}

const signature = ({ request }: Seen) => /Signature=(\w+)/.exec(request.headers.authorization ?? '')?.[1];

test.each([
  ['GET', '/v1/images/a/b.jpg', undefined],
  ['GET', '/v1/images?prefix=my+photos%2F&filter=album%3Ax&filter=album%3Aa%26b&cursor=', undefined],
  ['GET', '/v1/images/Z%C3%BCrich%20(1).jpg/similar?k=3', undefined],
  ['POST', '/v1/search', 'some bytes'],
])('%s %s is signed as AWS expects it', async (method, path, body) => {
  seen = [];
  const signed = signingFetch({ endpoint, region: 'eu-central-1', credentials });

  await signed(endpoint + path, { method, ...(body && { body, headers: { 'content-type': 'image/jpeg' } }) });

  expect(seen[0]!.request.headers.authorization).toContain('/eu-central-1/execute-api/aws4_request');
  expect(seen[0]!.request.headers['x-amz-security-token']).toBe('token');
  expect(seen[0]!.body.toString()).toBe(body ?? '');
  expect(signature(seen[0]!)).toBe(expectedSignature(seen[0]!));
});

test('requests to other places are left alone', async () => {
  seen = [];
  const signed = signingFetch({ endpoint: 'https://api.test', region: 'eu-central-1', credentials });
  await signed(`${endpoint}/bucket?X-Amz-Signature=abc`, { method: 'PUT', body: 'bytes' });
  expect(seen[0]!.request.headers.authorization).toBeUndefined();
  expect(seen[0]!.body.toString()).toBe('bytes');
});
