import { type IncomingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AddressUnusable, listen } from '../../local/listen.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

let library: ServedFolder;
let url: string;
let token: string;

beforeAll(async () => {
  library = await servedFolder();
  await library.write('a.png', await picture(1));
  const { serving } = await library.serve({ host: '0.0.0.0' });
  await serving.idle();
  ({ url } = serving);
  token = new URL(serving.invitations[0] ?? `${url}/?token=`).searchParams.get('token') ?? '';
});
afterAll(() => library.remove());

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks as another device would: by the machine's address in the network, which `Host` says. */
const asDevice = (path: string, headers: Record<string, string> = {}, method = 'GET', sent?: Uint8Array) =>
  new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request(
      { hostname, port, path, method, headers: { host: `192.168.1.5:${port}`, ...headers } },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          body += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
      },
    )
      .on('error', reject)
      .end(sent);
  });

const cookie = () => ({ cookie: `likeness-token=${token}` });

describe('serve --host', () => {
  it('asks nothing of this machine', async () => {
    expect((await fetch(`${url}/v1/images`)).status).toBe(200);
  });

  it.each(['/', '/v1/images', '/pictures/a.png', '/thumbnails/a.png', '/config.json', '/openapi.json'])(
    'refuses %s to a device without the token',
    async (path) => {
      expect((await asDevice(path)).status).toBe(401);
      expect((await asDevice(path, { cookie: 'likeness-token=guessed' })).status).toBe(401);
      expect((await asDevice(`${path}?token=guessed`)).status).toBe(401);
    },
  );

  it('makes a cookie of the token and takes it out of the address', async () => {
    const { status, headers } = await asDevice(`/?view=folders&token=${token}`);

    expect(status).toBe(302);
    expect(headers.location).toBe('/?view=folders');
    expect(headers['set-cookie']?.[0]).toMatch(/HttpOnly.*SameSite=Lax|SameSite=Lax.*HttpOnly/);
    expect((await asDevice('/v1/images', cookie())).status).toBe(200);
    expect((await asDevice('/v1/images', { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it('never redirects to another host', async () => {
    const { headers } = await asDevice(`//evil.example/?token=${token}`);

    expect(headers.location).toBe('/evil.example/');
  });

  it('names pictures by the address that the device used', async () => {
    const { body } = await asDevice('/v1/images', cookie());
    const [item] = (JSON.parse(body) as { items: { url: string }[] }).items;

    expect(item?.url).toMatch(/^http:\/\/192\.168\.1\.5:\d+\/pictures\/a\.png/);
  });

  it('lets no page frame what it refuses', async () => {
    for (const answer of [await asDevice('/v1/images'), await asDevice('/local/library', cookie())]) {
      expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('opens no programs for other devices, and tells them no paths', async () => {
    expect((await asDevice('/local/library', cookie())).status).toBe(403);
    expect((await asDevice('/local/desktop/open', cookie(), 'POST')).status).toBe(403);
    expect(JSON.parse((await asDevice('/config.json', cookie())).body)).not.toHaveProperty('desktop');
    expect(await (await fetch(`${url}/config.json`)).json()).toHaveProperty('desktop');
  });

  it('tells other devices of no path where something fails', async () => {
    const bytes = await picture(2);
    // "a.png" is a file, and no folder.
    const body = JSON.stringify({ key: 'a.png/b.png', contentType: 'image/png', size: bytes.length });
    const signing = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { pathname, search } = new URL(((await signing.json()) as { url: string }).url);
    const { status, body: told } = await asDevice(
      pathname + search,
      { ...cookie(), 'content-type': 'image/png' },
      'PUT',
      bytes,
    );
    expect(status).toBe(400);
    expect(told).not.toContain(library.folder);
  });

  it('refuses another site although the browser has the cookie', async () => {
    const { status } = await asDevice('/v1/images', { ...cookie(), origin: 'http://evil.example' });

    expect(status).toBe(403);
  });
});

describe('listen', () => {
  it('says which addresses the machine has when it has not the one that is asked for', async () => {
    const answer = () => new Response('in');

    await expect(listen(answer, 0, '192.0.2.1')).rejects.toThrow(AddressUnusable);
  });
});
