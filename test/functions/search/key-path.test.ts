/** Every key finds its way through the path of a URL, past API Gateway too. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withEncodedPath } from '../../../functions/search/api-gateway.ts';
import { keyFromPath, keyToPath, routePath } from '../../../functions/search/key-path.ts';
import { testApi } from '../../factories/api.ts';

/** What the route's parameter becomes, after the router has decoded it. */
function received(url: string): string | undefined {
  const path = routePath(new Request(url)).slice('/v1/images/'.length);
  return keyFromPath(decodeURIComponent(path));
}

const address = (key: string) => `https://api.test/v1/images/${keyToPath(key)}`;

/** API Gateway decodes the path, drops what follows a decoded `?`, and its function makes a URL of the rest. */
function throughGateway(url: string): string {
  const rawPath = decodeURIComponent(new URL(url).pathname).split('?')[0]!;
  return `https://api.test${withEncodedPath({ rawPath }).rawPath}`;
}

const anyKey = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 });
const oddKey = fc
  .array(
    fc.constantFrom(
      'a',
      '/',
      '.',
      '..',
      '%',
      '%2F',
      '?',
      '#',
      '+',
      ' ',
      '~',
      '\\',
      'similar',
      'ä',
      '😀',
      '\n',
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));

describe('what the client sends', () => {
  test.each([
    ['directly', (url: string) => url],
    ['through API Gateway', throughGateway],
  ])('means the same key when it comes %s', (_, way) => {
    fc.assert(
      fc.property(fc.oneof(anyKey, oddKey), (key) => {
        expect(received(way(address(key)))).toBe(key);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is the key itself where that is safe', () => {
    expect(keyToPath('beach/2024/IMG_0001.jpg')).toBe('beach/2024/IMG_0001.jpg');
  });
});

describe('what people write', () => {
  test.each([
    ['a/b.jpg', 'a/b.jpg'],
    ['a%2Fb.jpg', 'a/b.jpg'],
    ['my%20photo.jpg', 'my photo.jpg'],
    ['100%25.jpg', '100%.jpg'],
    ['Z%C3%BCrich.jpg', 'Zürich.jpg'],
  ])('%s means %s, directly and through API Gateway', (path, key) => {
    const url = `https://api.test/v1/images/${path}`;
    expect(received(url)).toBe(key);
    expect(received(throughGateway(url))).toBe(key);
  });

  test('a last segment "similar" belongs to the route', () => {
    const path = (text: string) => routePath(new Request(`https://api.test/v1/images/${text}`));
    expect(path('a/b/similar')).toBe('/v1/images/a%2Fb/similar');
    expect(path('a/b%2Fsimilar')).toBe('/v1/images/a%2Fb%2Fsimilar');
    expect(path('similar')).toBe('/v1/images/similar');
  });

  test.each(['~%%%', '~a', '~gA'])('%s is no key', (path) => {
    expect(keyFromPath(path)).toBeUndefined();
  });
});

test.each([
  '/v1/health/../images',
  '/v1/images/public/../../images',
  '/v1/images/public/../private/x.jpg',
  '/v1/./images',
])(
  'a path with dot segments, %s, leads nowhere, as behind the gateway it might be another one',
  async (rawPath) => {
    const { app } = testApi();
    expect((await app.request(withEncodedPath({ rawPath }).rawPath)).status).toBe(404);
  },
);
