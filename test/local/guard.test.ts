import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { guard } from '../../local/guard.ts';

const app = new Hono().use(guard()).all('*', (context) => context.text('in'));

const ask = async (headers: Record<string, string>, method = 'GET') =>
  (await app.request('/v1/stats', { method, headers })).status;

describe('guard', () => {
  it.each([
    ['a program on this machine', { host: '127.0.0.1:3000' }],
    ['the same by name', { host: 'localhost:3000' }],
    ['the same over IPv6', { host: '[::1]:3000' }],
    [
      'the console',
      { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-origin' },
    ],
    ['an address typed into a browser', { host: '127.0.0.1:3000', 'sec-fetch-site': 'none' }],
    [
      'a link on another site',
      {
        host: '127.0.0.1:3000',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    ],
  ])('lets in %s', async (_who, headers) => {
    expect(await ask(headers)).toBe(200);
  });

  it.each([
    ['a name that was pointed at this machine', { host: 'evil.example' }],
    ['the same with a port', { host: 'evil.example:3000' }],
    ['a name that begins like this machine', { host: '127.0.0.1.evil.example:3000' }],
    ['a page of another site', { host: '127.0.0.1:3000', origin: 'https://evil.example' }],
    ['a page without an origin', { host: '127.0.0.1:3000', origin: 'null' }],
    ['a page of another port', { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:8080' }],
    ['a picture in a page of another site', { host: '127.0.0.1:3000', 'sec-fetch-site': 'cross-site' }],
    [
      'a page of another site that frames this one',
      {
        host: '127.0.0.1:3000',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'iframe',
      },
    ],
  ])('refuses %s', async (_who, headers) => {
    expect(await ask(headers)).toBe(403);
  });

  it('refuses a form that another site posts, although it navigates', async () => {
    const headers = { host: '127.0.0.1:3000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };

    expect(await ask(headers, 'POST')).toBe(403);
  });
});
