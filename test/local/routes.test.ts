import { truncate, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UploadTarget } from '../../client/types.ts';
import { PICTURE_LIMITS } from '../../pictures/decoding/limits.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

/** More than any picture may have, and than a buffer could hold; a file of holes. */
const HUGE = 6 * 2 ** 30;

let library: ServedFolder;
let url: string;
/** Errors that the server logged. */
const errors: unknown[] = [];

beforeAll(async () => {
  library = await servedFolder();
  await library.write('a b/ü#1.png', await picture(1));
  await library.write(
    'drawing.svg',
    '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
  );
  await library.write('text.png', 'this is not a picture');
  await library.write('notes.txt', 'private');
  await library.write('empty.png', '');
  await library.write('huge.png', '');
  await truncate(join(library.folder, 'huge.png'), HUGE);
  await writeFile(join(library.folder, '.secret.png'), await picture(2));
  const logger = {
    ...silentLogger,
    error: (message: string, about?: unknown) => errors.push([message, about]),
  };
  ({ url } = (await library.serve({ logger })).serving);
});
afterAll(() => library.remove());

const encoded = 'a%20b/%C3%BC%231.png';

/** Sends a path as it is: `fetch` would fold the dots in it. */
const rawStatus = (path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

describe('/pictures', () => {
  it('gives a picture as it is', async () => {
    const response = await fetch(`${url}/pictures/${encoded}`);

    expect(Buffer.from(await response.arrayBuffer())).toEqual(await picture(1));
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('says when it has not changed', async () => {
    const eTag = (await fetch(`${url}/pictures/${encoded}`)).headers.get('etag')!;
    const again = await fetch(`${url}/pictures/${encoded}`, { headers: { 'if-none-match': eTag } });

    expect(again.status).toBe(304);
  });

  it('may be kept for good by an address that names its version, and by no other', async () => {
    const { items } = (await (await fetch(`${url}/v1/images`)).json()) as {
      items: { lastModified: string }[];
    };
    const at = (v: string) => fetch(`${url}/pictures/${encoded}?v=${v}`);
    const header = async (v: string) => (await at(v)).headers.get('cache-control');
    const times = items.map(({ lastModified }) => String(Date.parse(lastModified)));
    const kept = await Promise.all(times.map(header));
    expect(kept.some((each) => each?.includes('immutable'))).toBe(true);
    expect(await header('1')).toBe('private, no-cache');
    expect(await header('')).toBe('private, no-cache');
  });

  it('sends a file that no memory could hold, piece by piece', async () => {
    const response = await fetch(`${url}/pictures/huge.png`);
    const reader = response.body!.getReader();
    const { value } = await reader.read();

    expect(response.headers.get('content-length')).toBe(String(HUGE));
    expect(value!.length).toBeLessThanOrEqual(2 ** 20);
    await reader.cancel();
  });

  it('does not let a drawing run its scripts', async () => {
    const response = await fetch(`${url}/pictures/drawing.svg`);

    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it.each([
    '/pictures/../../../../etc/passwd',
    '/pictures/..%2f..%2f..%2fetc%2fpasswd',
    '/pictures/%2e%2e/%2e%2e/etc/passwd',
    '/pictures//etc/passwd',
    '/pictures/..%5c..%5cboot.ini',
    '/pictures/notes.txt',
    '/pictures/.secret.png',
    '/pictures/.likeness/.server.json',
    '/thumbnails/..%2f..%2fetc%2fpasswd',
    '/pictures/%E0%A4%A',
    '/pictures/',
    '/pictures/a%00.png',
  ])('has nothing at %s', async (path) => {
    expect(await rawStatus(path)).toBe(404);
  });
});

describe('/thumbnails', () => {
  it('gives a small copy, made once', async () => {
    const response = await fetch(`${url}/thumbnails/${encoded}?size=160`);
    const { format, width, height } = await sharp(await response.arrayBuffer()).metadata();

    expect({ format, width, height }).toEqual({ format: 'webp', width: 64, height: 64 });
    expect(response.headers.get('etag')).toBeTruthy();
  });

  it.each([
    ['no picture', 'text.png'],
    ['empty', 'empty.png'],
    ['larger than any picture', 'huge.png'],
    ['a drawing', 'drawing.svg'],
  ])('says so when a file is %s', async (_, name) => {
    const response = await fetch(`${url}/thumbnails/${name}?size=160`);

    expect(response.status).toBe(415);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });
});

describe('/uploads', () => {
  const put = (path: string, body: BodyInit, headers = {}) =>
    fetch(`${url}/uploads/${path}`, { method: 'PUT', body, headers });
  const about = { key: 'up.png', contentType: 'image/png', size: 5, metadata: { album: 'a' } };
  /** Asks for an address as every client does. */
  const signed = async (asked: object = about): Promise<UploadTarget> => {
    const response = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    });
    expect(response.status).toBe(200);
    return response.json();
  };

  it.each([
    'notes.txt',
    'a/.hidden.png',
    '..%2fout.png',
    'a%2f..%2f..%2fout.png',
    '%2fetc%2fx.png',
    'a%5cb.png',
  ])('refuses the key %s', async (path) => {
    expect((await put(path, 'x')).status).toBe(400);
  });

  it('refuses a key that is too long', async () => {
    const long = `${'x/'.repeat(600)}x.png`;
    expect((await put(long, 'x')).status).toBe(400);
    expect(await rawStatus(`/pictures/${long}`)).toBe(404);
    expect(await rawStatus(`/thumbnails/${long}`)).toBe(404);
  });

  it.each(['a.txt', '.', 'demo/../x.png'])('signs no address for the key %s', async (key) => {
    const body = JSON.stringify({ ...about, key });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${url}/v1/uploads`, { method: 'POST', headers, body })).status).toBe(400);
  });

  it('takes what was signed, and nothing else', async () => {
    const bytes = new Uint8Array(await picture(3));
    const target = await signed({ ...about, size: bytes.length });
    const send = (
      address: string,
      body: BodyInit = bytes,
      headers: Record<string, string> = target.headers!,
    ) => fetch(address, { method: 'PUT', body, headers });
    const longer = new Uint8Array([...bytes, 0]);
    const sized = (size: number) => `size=${size}`;

    expect((await send(target.url.replace('up.png', 'other.png'))).status).toBe(403);
    expect((await send(target.url, bytes, { ...target.headers, 'content-type': 'text/html' })).status).toBe(
      403,
    );
    expect((await send(target.url, bytes, { ...target.headers, 'x-amz-meta-more': 'b' })).status).toBe(403);
    expect((await send(target.url.replace(sized(bytes.length), sized(longer.length)), longer)).status).toBe(
      403,
    );
    expect((await send(target.url, longer)).status).toBe(400);
    expect((await send(target.url, '')).status).toBe(400);
    expect((await send(target.url, new Uint8Array(bytes.length))).status).toBe(415);
    expect((await fetch(`${url}/pictures/up.png`)).status).toBe(404);

    expect((await send(target.url)).status).toBe(204);
    expect(new Uint8Array(await (await fetch(`${url}/pictures/up.png`)).arrayBuffer())).toEqual(bytes);
  });

  it('signs no more metadata than S3 keeps', async () => {
    const body = JSON.stringify({ ...about, metadata: { album: 'x'.repeat(2_044) } });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${url}/v1/uploads`, { method: 'POST', headers, body })).status).toBe(400);
  });

  it('is no error of the server when its caller hangs up', async () => {
    errors.length = 0;
    const target = await signed({ ...about, key: 'left.png', size: 1_000 });
    const { hostname, port, pathname, search } = new URL(target.url);
    const headers = Object.entries({
      ...target.headers,
      host: `${hostname}:${port}`,
      'content-length': '1000',
    });
    const socket = connect(Number(port), hostname);
    const lines = [
      `PUT ${pathname}${search} HTTP/1.1`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
    ];
    await new Promise<void>((resolve) => {
      socket.write(`${lines.join('\r\n')}\r\n\r\nhalf`, () => resolve());
    });
    // Later requests come after it has begun.
    for (let i = 0; i < 5; i++) await fetch(`${url}/v1/health`);
    socket.destroy();
    for (let i = 0; i < 20; i++) await fetch(`${url}/v1/health`);
    expect(errors).toEqual([]);
    expect((await fetch(`${url}/pictures/left.png`)).status).toBe(404);
  });

  it('refuses what nobody signed', async () => {
    expect((await put('up2.png', 'x')).status).toBe(403);
  });

  it('refuses what is too large', async () => {
    const response = await put('large.png', new Uint8Array(PICTURE_LIMITS.maxBytesOfLargeKinds + 1));

    expect(response.status).toBe(413);
    expect((await fetch(`${url}/pictures/large.png`)).status).toBe(404);
  });

  it('refuses pages of other sites', async () => {
    const response = await put('evil.png', 'x', { origin: 'https://evil.example' });

    expect(response.status).toBe(403);
  });
});

describe('the rest', () => {
  it('tells the console where its thumbnails are, and offers the demonstration pictures', async () => {
    expect(await (await fetch(`${url}/config.json`)).json()).toEqual({
      thumbnails: '/thumbnails/{key}?size={size}',
      demo: '/local/demo',
      desktop: '/local/desktop',
    });
  });

  it.each(['/v1/health', '/v1/images', '/openapi.json', '/local/library', '/config.json', '/'])(
    'lets no page frame %s',
    async (path) => {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it.each([
    ['what another site asks for', '/v1/health', { origin: 'https://evil.example' }],
    ['what is not there', '/nothing', {}],
  ])('nor %s', async (_, path, headers) => {
    const answer = await fetch(url + path, { headers });
    expect(answer.ok).toBe(false);
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('answers the API', async () => {
    expect(await (await fetch(`${url}/v1/health`)).json()).toMatchObject({ status: 'ok' });
    expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
    expect((await fetch(`${url}/v1/nothing`)).status).toBe(404);
  });
});
