/** The client against the API, directly and as a Lambda function behind API Gateway. */

import type { APIGatewayProxyResult } from 'aws-lambda';
import { handle } from 'hono/aws-lambda';
import { describe, expect, test } from 'vitest';
import { createClient, ProblemError, uploadInit } from '../../client/index.ts';
import { withEncodedPath } from '../../functions/search/api-gateway.ts';
import { testApi } from '../factories/api.ts';
import { badPicture, seededVector } from '../factories/fake-embedder.ts';
import { httpEvent } from '../factories/http-event.ts';

type Api = ReturnType<typeof testApi>;

const endpoint = 'https://api.test/';
const bytes = (text: string) => new TextEncoder().encode(text);

const directly = ({ request }: Api): typeof fetch =>
  ((url: string, init?: RequestInit) => request(url.slice(endpoint.length - 1), init)) as typeof fetch;

/** As API Gateway calls the function: the path decoded, bodies of bytes in base64. */
function throughGateway({ app }: Api): typeof fetch {
  const answer = handle(app);
  return (async (input: string, init?: RequestInit) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const isText = request.headers.get('content-type')?.includes('json');
    const event = httpEvent({
      method: request.method,
      path: decodeURIComponent(pathname).split('?')[0]!,
      query: search.slice(1),
      headers: Object.fromEntries(request.headers),
      ...(body.length > 0 && { body: isText ? new TextDecoder().decode(body) : body }),
    });
    const result: APIGatewayProxyResult = await answer(withEncodedPath(event) as never);
    return new Response(result.isBase64Encoded ? Buffer.from(result.body, 'base64') : result.body, {
      status: result.statusCode,
      headers: result.headers as Record<string, string>,
    });
  }) as typeof fetch;
}

const ODD_KEYS = [
  'a b+c.jpg',
  '100%25?.jpg',
  '../up//x#.jpg',
  '~tilde',
  'folder/similar',
  'Zürich 😀.jpg',
  '\\"\n',
];

describe.each([
  ['directly', directly],
  ['through API Gateway', throughGateway],
])('%s', (_, way) => {
  async function library() {
    const api = testApi();
    for (const key of ODD_KEYS) await api.upload(key, key, { metadata: { album: 'odd' } });
    await api.upload('plain.jpg', 'plain', { metadata: { album: 'plain' } });
    return { api, client: createClient({ endpoint, fetch: way(api) }) };
  }

  test('every key can be asked for, searched by and deleted', async () => {
    const { api, client } = await library();
    for (const key of ODD_KEYS) {
      expect(await client.image(key)).toMatchObject({ state: 'indexed', key });
      const { results } = await client.similar(key, { k: 1000 });
      expect(results.map((each) => each.key).sort()).toEqual(
        [...ODD_KEYS, 'plain.jpg'].filter((each) => each !== key).sort(),
      );
      await client.delete(key);
      expect(await api.pictures.head(key)).toBeUndefined();
    }
  });

  test('a search by picture, key or embedding takes all options', async () => {
    const { client } = await library();
    const image = bytes('plain');
    const options = {
      k: 3,
      minScore: 0.5,
      prefix: 'p',
      filter: { album: ['plain', 'odd'] },
      crop: whole,
    } as const;
    const byBytes = await client.search({ image }, options);
    const byBlob = await client.search({ image: new Blob([image]) }, options);
    const byVector = await client.search({ vector: seededVector(image) }, { k: 1 });
    const byKey = await client.search({ key: 'plain.jpg' }, { filter: { album: 'plain' } });
    expect(byBytes.results.map(({ key }) => key)).toEqual(['plain.jpg']);
    expect(byBlob.results).toEqual(byBytes.results);
    expect(byVector.results[0]!.key).toBe('plain.jpg');
    expect(byKey.results).toEqual([]);
  });

  test('lists go page by page', async () => {
    const { api, client } = await library();
    await api.upload('bad', badPicture());
    const first = await client.images({ limit: 5 });
    const second = await client.images({ limit: 5, cursor: first.cursor! });
    expect([...first.items, ...second.items]).toHaveLength(first.total);
    expect((await client.rejected()).items).toMatchObject([{ key: 'bad', reason: { code: 'not-an-image' } }]);
  });

  test('a problem is an error that carries it', async () => {
    const { client } = await library();
    const error = await client.search({ image: badPicture() }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ status: 422, code: 'picture-rejected', retryable: false });
    expect(error.message).toBe('The picture cannot be used: this is not a picture');
  });

  test('a picture that nobody knows is absent, which is no error', async () => {
    const { client } = await library();
    expect(await client.image('none')).toEqual({ state: 'absent', key: 'none' });
    await expect(client.similar('none')).rejects.toMatchObject({ code: 'picture-not-found' });
  });

  test('status', async () => {
    const { client } = await library();
    expect(await client.health()).toMatchObject({ status: 'ok', synthetic: true });
    expect((await client.stats()).pictures).toBe(ODD_KEYS.length + 1);
  });
});

const whole = { x: 0, y: 0, width: 1, height: 1 };

describe('uploads', () => {
  test('ask where to, then send the bytes there', async () => {
    const sent: { url: string; init: RequestInit }[] = [];
    const api = testApi();
    const client = createClient({
      endpoint,
      fetch: (async (url: string, init: RequestInit) => {
        if (url.startsWith(endpoint)) return directly(api)(url, init);
        sent.push({ url, init });
        return new Response(null, { status: 204 });
      }) as typeof fetch,
    });

    await client.upload(bytes('abc'), { key: 'a.jpg', contentType: 'image/jpeg' });

    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ url: 'http://pictures.test/a.jpg', init: { method: 'PUT' } });
    expect(await (sent[0]!.init.body as Blob).text()).toBe('abc');
  });

  test('on S3 are a form whose last field is the file', async () => {
    const target = {
      method: 'POST' as const,
      url: 'https://bucket.s3.amazonaws.com/',
      fields: { key: 'a', Policy: 'p' },
      expiresAt: '2024-01-01T00:00:00Z',
    };
    const { method, body } = uploadInit(target, new Blob(['abc']));
    expect(method).toBe('POST');
    expect([...(body as FormData).keys()]).toEqual(['key', 'Policy', 'file']);
  });
});

describe('answers that are not from Likeness', () => {
  const client = (response: Response) => createClient({ endpoint, fetch: async () => response });

  test('an error of a gateway in front of it becomes a problem too', async () => {
    const response = new Response('{"message":"Forbidden"}', { status: 403, statusText: 'Forbidden' });
    const error = await client(response)
      .stats()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({
      status: 403,
      code: undefined,
      message: '403 Forbidden: {"message":"Forbidden"}',
    });
  });

  test.each([
    ['a page in place of an answer', 200, 'text/html', '<html>\u001b]0;PWNED\u0007'],
    ['half a problem', 500, 'application/problem+json', '{"type":"urn:likeness:problem:internal-error"'],
    ['a problem of nothing', 500, 'application/problem+json', 'null'],
    ['a problem without a type', 500, 'application/problem+json', '{"title":"x","status":500}'],
  ])('%s becomes a problem too', async (_, status, type, body) => {
    const answer = async () => new Response(body, { status, headers: { 'content-type': type } });
    const client = createClient({ endpoint, fetch: answer as typeof fetch });
    const error = await client.stats().catch((each: unknown) => each);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ status, code: undefined });
  });

  test('too many requests may be tried again', async () => {
    const error = await client(new Response('', { status: 429 }))
      .stats()
      .catch((thrown) => thrown);
    expect(error.retryable).toBe(true);
  });

  test.each([
    ['RequestTimeout', true],
    ['EntityTooLarge', false],
  ])('an upload that the bucket refuses with %s may be tried again: %s', async (code, retryable) => {
    const response = new Response(`<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`, {
      status: 400,
    });
    const error = await client(response)
      .stats()
      .catch((thrown) => thrown);
    expect(error.retryable).toBe(retryable);
  });
});

describe('while the index is being loaded', () => {
  /** Answers that it is loading, as often as it is told to, then with an empty list. */
  const loading = (times: number) => {
    let left = times;
    return (async () =>
      left-- > 0
        ? new Response(
            JSON.stringify({
              type: 'urn:likeness:problem:index-loading',
              title: 'The index is being loaded',
              status: 503,
              detail: 'ask again',
              loading: { doneBytes: times - left, totalBytes: 10 },
            }),
            { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '0' } },
          )
        : Response.json({ pictures: 1 })) as typeof fetch;
  };

  test('a request is made again until it is answered, and says how far it is', async () => {
    const heard: number[] = [];
    const client = createClient({
      endpoint,
      fetch: loading(3),
      onLoading: ({ doneBytes }) => heard.push(doneBytes),
    });
    expect(await client.stats()).toEqual({ pictures: 1 });
    expect(heard).toEqual([1, 2, 3]);
  });

  test('a request can be aborted', async () => {
    const controller = new AbortController();
    const client = createClient({
      endpoint,
      fetch: loading(Number.POSITIVE_INFINITY),
      onLoading: () => controller.abort(new Error('enough')),
    });
    await expect(client.stats({ signal: controller.signal })).rejects.toThrow('enough');
  });
});
