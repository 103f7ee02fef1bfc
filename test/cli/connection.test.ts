/** Whom the command line gives its credentials to, and whose word it takes about folders of this machine. */

import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, requestsAtOnce } from '../../cli/connection.ts';
import { UsageError } from '../../cli/errors.ts';
import { openTarget } from '../../cli/target.ts';

const API = 'https://abc123.execute-api.eu-west-1.amazonaws.com';

interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: string | undefined;
}
let sent: Sent[];

beforeEach(() => {
  sent = [];
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'session');
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubGlobal('fetch', async (input: Request | string | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    sent.push({ url: request.url, headers: request.headers, redirect: request.redirect });
    return Response.json({ status: 'ok' });
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const headersTo = async (endpoint: string, flags: { token?: string; sign?: string } = {}) => {
  await (await connect({ endpoint, ...flags })).health();
  expect(sent[0]!.redirect).toBe('error');
  return sent[0]!.headers;
};

describe('requests are signed', () => {
  test.each([API, 'https://abc123.execute-api.cn-north-1.amazonaws.com.cn'])('for %s', async (endpoint) => {
    const headers = await headersTo(endpoint);
    expect(headers.get('authorization')).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/);
    expect(headers.get('x-amz-security-token')).toBe('session');
  });

  test('for a name of one’s own when its user says so', async () => {
    expect(
      (await headersTo('https://api.example.com', { sign: 'eu-central-1' })).get('authorization'),
    ).toContain('/eu-central-1/execute-api/');
  });

  test.each([
    `${API}.evil.test`,
    'https://evil.test',
    'https://abc.execute-api.eu-west-1.amazonaws.com.evil.test',
    'https://abc.execute-api.eu-west-1.amazonaws.community',
    'http://127.0.0.1:3000',
  ])('for no such server as %s, whatever AWS_REGION is', async (endpoint) => {
    const headers = await headersTo(endpoint);
    expect(headers.get('authorization')).toBeNull();
    expect(headers.get('x-amz-security-token')).toBeNull();
  });

  test.each([
    [API.replace('https', 'http'), {}],
    ['http://api.example.com', { sign: 'eu-west-1' }],
    ['http://api.example.com', { token: 'abc' }],
  ])('and never in the clear: %s', async (endpoint, flags) => {
    await expect(connect({ endpoint, ...flags })).rejects.toThrow(UsageError);
    expect(sent).toEqual([]);
  });
});

test.each([
  [API, 4],
  ['https://photos.example.com', 4],
  ['http://127.0.0.1:3000', 8],
])('of %s no more is asked at once than %i requests: a new account runs ten functions', (endpoint, most) => {
  expect(requestsAtOnce({ endpoint })).toBe(most);
});

test('a token goes to the server in place of a signature', async () => {
  const headers = await headersTo(API, { token: 'abc' });
  expect(headers.get('authorization')).toBe('Bearer abc');
  expect(headers.get('x-amz-security-token')).toBeNull();
});

describe.each([
  ['a token', 'https://api.example.com', { token: 'abc' }],
  ['a signature', API, {}],
])('%s goes to the server, and not to where it says that an upload goes', (_, endpoint, flags) => {
  test.each(['POST', 'PUT'] as const)('by %s', async (method) => {
    const bucket = 'https://bucket.evil.test/put?signature=1';
    const form = { method, url: bucket, expiresAt: '2026-01-01T00:00:00.000Z' };
    const target = method === 'POST' ? { ...form, fields: { key: 'a.png' } } : { ...form, headers: {} };
    vi.stubGlobal('fetch', async (input: Request | string | URL, init?: RequestInit) => {
      const { url, headers, redirect } = new Request(input, { ...init, body: null });
      sent.push({ url, headers, redirect });
      return url === bucket ? new Response(null, { status: 204 }) : Response.json(target);
    });
    const client = await connect({ endpoint, ...flags });

    await client.upload(new Blob(['picture']), { key: 'a.png', contentType: 'image/png' });

    expect(sent.map(({ url }) => url)).toEqual([`${endpoint}/v1/uploads`, bucket]);
    expect(sent[0]!.headers.get('authorization')).not.toBeNull();
    expect(sent[1]!.headers.get('authorization')).toBeNull();
    expect(sent[1]!.headers.get('x-amz-security-token')).toBeNull();
  });
});

describe('a server that says what it serves', () => {
  /** Says that it serves these folders, and that it holds a lock. */
  async function liar(): Promise<{ url: string; asked: IncomingHttpHeaders[]; close: () => void }> {
    const asked: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers);
      response.end(
        request.url === '/local/lock'
          ? 'a token'
          : JSON.stringify({ folder: '/tmp', indexFolder: '/tmp/no-index-here', model: 'fake' }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
  }

  test('is not believed when the index that it names is not locked by it', async () => {
    vi.unstubAllGlobals();
    const { url, asked, close } = await liar();
    try {
      await expect(openTarget(undefined, { endpoint: url }, { writes: true })).rejects.toThrow(
        /name a folder/,
      );
      expect(asked.length).toBeGreaterThan(0);
    } finally {
      close();
    }
  });

  test('is not even asked when it is on another machine', async () => {
    await expect(openTarget(undefined, { endpoint: 'https://evil.test' }, { writes: true })).rejects.toThrow(
      /name a folder/,
    );
    expect(sent).toEqual([]);
  });
});
