/** Everything that can go wrong is a problem document that says what to do, and never a stack trace. */

import { describe, expect, test, vi } from 'vitest';
import { SEARCH_LIMITS } from '../../../functions/search/limits.ts';
import { PROBLEM_CODES } from '../../../functions/search/schemas.ts';
import { DecodingFailed } from '../../../pictures/decoding/errors.ts';
import { ModelUnusable } from '../../../pictures/embedding/embedder.ts';
import { NotInTrash, type Trash, TrashKeepsItself } from '../../../pictures/trash/trash.ts';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import { IndexLoading } from '../../../vectorlog/read/errors.ts';
import {
  ObjectOutOfReach,
  ObjectUnreadable,
  StoreUnavailable,
  StoreUnsuitable,
} from '../../../vectorlog/store/errors.ts';
import { json, picture, testApi } from '../../factories/api.ts';
import { badPicture, fakeEmbedder } from '../../factories/fake-embedder.ts';

interface Problem {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  readonly [field: string]: unknown;
}

async function problem(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const document = (await response.json()) as Problem;
  expect(document.status).toBe(response.status);
  expect(JSON.stringify(document)).not.toMatch(/\bat .*\.[jt]s:\d+/);
  return document;
}

function failing(error: Error) {
  const api = testApi();
  api.index.before = () => {
    throw error;
  };
  return api;
}

async function tooLarge() {
  const api = testApi({ memoryBudgetBytes: 500_000 });
  await api.upload('a.jpg', 'a');
  await api.compact();
  return api.request('/v1/search', picture('a'));
}

async function notIndexedYet() {
  const api = testApi();
  await api.upload('a.jpg', 'a', { indexed: false });
  return api.request('/v1/images/a.jpg/similar');
}

function damagedModel() {
  const embed = () => Promise.reject(new ModelUnusable('The model file is damaged.'));
  return testApi({ embedder: { ...fakeEmbedder(), embed } }).request('/v1/search', picture('a'));
}

const oversized = () => picture(new Uint8Array(SEARCH_LIMITS.maxBodyBytes + 1));

const versionsThatKeepThemselves: Trash = {
  keptDays: 30,
  keeps: async () => true,
  list: async () => ({ pictures: [] }),
  restore: () => Promise.reject(new NotInTrash('none')),
  restoreKey: () => Promise.reject(new NotInTrash('none')),
  empty: () => Promise.reject(new TrashKeepsItself('the bucket removes old versions after 30 days')),
};

const cases: readonly [(typeof PROBLEM_CODES)[number], number, () => Promise<Response>][] = [
  ['invalid-request', 400, () => testApi().request('/v1/search?k=0', picture('x'))],
  ['unsupported-media-type', 415, () => testApi().request('/v1/search', picture('x', 'text/plain'))],
  ['body-too-large', 413, () => testApi().request('/v1/search', oversized())],
  ['picture-rejected', 422, () => testApi().request('/v1/search', picture(badPicture()))],
  ['picture-changed', 412, () => testApi().request('/v1/images/a.jpg?eTag=of-another', { method: 'DELETE' })],
  ['picture-not-found', 404, () => testApi().request('/v1/images/none.jpg')],
  ['picture-not-searchable', 404, notIndexedYet],
  ['cursor-expired', 410, () => testApi().request('/v1/duplicates?cursor=WyJvdGhlciIsMSwyLDAsImdvbmUiXQ')],
  [
    'trash-keeps-itself',
    409,
    () => testApi({ trash: versionsThatKeepThemselves }).request('/v1/trash/empty', json({ all: true })),
  ],
  [
    'not-allowed',
    403,
    () =>
      testApi({ allows: { uploads: false, deletes: false } }).request('/v1/images/a', { method: 'DELETE' }),
  ],
  ['route-not-found', 404, () => testApi().request('/v1/nothing')],
  ['index-loading', 503, () => failing(new IndexLoading(1, 4)).request('/v1/stats')],
  ['index-too-large', 507, tooLarge],
  [
    'index-unusable',
    503,
    () => failing(new IndexDamaged('manifest/1.json', 'format 9 is not known')).request('/v1/stats'),
  ],
  [
    'picture-not-decoded',
    503,
    () => failing(new DecodingFailed('The picture could not be decoded now')).request('/v1/stats'),
  ],
  ['store-unavailable', 503, () => failing(new StoreUnavailable('no answer')).request('/v1/stats')],
  ['model-unusable', 500, damagedModel],
  ['internal-error', 500, () => failing(new TypeError('x is undefined')).request('/v1/images')],
];

/** What S3's forms put the name of the file for. */
const PLACEHOLDER = ['$', '{filename}'].join('');

describe('each problem', () => {
  test.each(cases)('%s is %i', async (code, status, ask) => {
    const document = await problem(await ask());
    expect([document.type, document.status]).toEqual([`urn:likeness:problem:${code}`, status]);
    expect(document.detail).toMatch(/\w+/);
  });

  test.each(cases.filter(([, status]) => status === 503))('%s says when to ask again', async (_, __, ask) => {
    expect((await ask()).headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });

  test('is in the list above', () => {
    expect(cases.map(([code]) => code).sort()).toEqual([...PROBLEM_CODES].sort());
  });
});

describe('details', () => {
  const ask = async (path: string, init?: RequestInit) => problem(await testApi().request(path, init));

  test('of invalid requests name the place', async () => {
    const { errors } = await ask('/v1/search?k=1001&minScore=2&crop=0,0,2,1', picture('x'));
    const places = (errors as { at: string }[]).map(({ at }) => at);
    expect(places).toEqual(['query.k', 'query.minScore', 'query.crop']);
  });

  test.each([
    ['nothing', {}],
    ['two subjects', { key: 'a', image: 'eA==' }],
    ['a misspelt field', { key: 'a', filters: {} }],
    ['no base64', { image: '%%%' }],
    ['a short vector', { vector: [1, 2, 3] }],
    ['a vector of nothing', { vector: new Array(2048).fill(0) }],
    ['a crop of a vector', { vector: new Array(2048).fill(1) }, '?crop=0,0,1,1'],
    ['a filter of no values', { key: 'a', filter: { album: [] } }],
  ])('of bodies with %s', async (_, body, query = '') => {
    expect((await ask(`/v1/search${query}`, json(body))).status).toBe(400);
  });

  test.each(['', '{', 'null', '[]'])('of JSON that is %j', async (body) => {
    const headers = { 'content-type': 'application/json' };
    expect((await ask('/v1/search', { method: 'POST', headers, body })).status).toBe(400);
  });

  test('of a request without a body', async () => {
    const { status, detail } = await ask('/v1/search', { method: 'POST' });
    expect([status, detail]).toEqual([400, expect.stringContaining('"vector"')]);
  });

  test.each(['x', 'YQ==', '%00'])('of a cursor that is none: %s', async (cursor) => {
    expect((await ask(`/v1/images?cursor=${cursor}`)).type).toBe('urn:likeness:problem:invalid-request');
  });

  test.each([
    ['/v1/images', 'a key that is too long', 'a'.repeat(1_025)],
    ['/v1/rejected', 'another name', 'manifest/1.json'],
    ['/v1/rejected', 'a name that is too long', `rejected/${'a'.repeat(1_025)}`],
    ['/v1/duplicates/decisions', 'another name', '../folders.json'],
  ])('of a cursor that no page of %s has: %s', async (path, _, last) => {
    const cursor = Buffer.from(last).toString('base64url');
    expect((await ask(`${path}?cursor=${cursor}`)).type).toBe('urn:likeness:problem:invalid-request');
  });

  test.each(['NaN 0 0', 'other', 'other 1 2', 'other 1 2 -3', 'other 1e9 0 0', 'other 1.5 0 0'])(
    'of a cursor of duplicates that is none: %s',
    async (text) => {
      const cursor = Buffer.from(text).toString('base64url');
      expect((await ask(`/v1/duplicates?cursor=${cursor}`)).type).toBe(
        'urn:likeness:problem:invalid-request',
      );
    },
  );

  test('of a picture that is too large come before a byte of it is read', async () => {
    const api = testApi();
    const head = api.pictures.head.bind(api.pictures);
    api.pictures.head = async (key) => {
      const found = await head(key);
      return found && { ...found, size: 5_000_000_000 };
    };
    api.pictures.get = () => Promise.reject(new Error('it was read'));
    await api.upload('film.mov', 'a', { indexed: false });
    const response = await api.request('/v1/search?crop=0,0,1,1', json({ key: 'film.mov' }));
    expect(await problem(response)).toMatchObject({ status: 422, reason: { code: 'too-many-bytes' } });
  });

  test.each([
    ['in an archive', 'get', 'archived', 'archived'],
    ['that the bucket does not even tell of', 'head', 'encrypted', 'not-readable'],
  ] as const)('of a picture %s say so', async (_, method, obstacle, code) => {
    const api = testApi();
    await api.upload('a.jpg', 'a');
    vi.spyOn(api.pictures, method).mockRejectedValue(new ObjectUnreadable('a.jpg', obstacle, 'it is kept'));
    const response = await api.request('/v1/search?crop=0,0,1,1', json({ key: 'a.jpg' }));
    expect(await problem(response)).toMatchObject({ status: 422, reason: { code } });
  });

  test.each([PLACEHOLDER, `a/${PLACEHOLDER}.jpg`])(
    'of an upload to %s: it would be good for any key',
    async (key) => {
      const body = { key, contentType: 'image/jpeg', size: 1 };
      expect((await ask('/v1/uploads', json(body))).status).toBe(400);
    },
  );

  test('of what is not allowed name what to do, and health says it before', async () => {
    const api = testApi({ allows: { uploads: false, deletes: true } });
    const upload = { key: 'a', contentType: 'image/jpeg', size: 1 };
    expect((await problem(await api.request('/v1/uploads', json(upload)))).status).toBe(403);
    expect((await api.request('/v1/images/a', { method: 'DELETE' })).status).toBe(202);
    for (const path of ['/v1/health', '/v1/stats'])
      expect(await (await api.request(path)).json()).toMatchObject({
        allows: { uploads: false, deletes: true },
      });
  });

  test('and all other answers may not be framed, nor taken for something else', async () => {
    for (const path of ['/v1/health', '/v1/nothing', '/openapi.json', '/v1/images?limit=0']) {
      const { headers } = await testApi().app.request(path);
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    }
  });

  test('of a rejected picture carry the reason', async () => {
    const api = testApi();
    await api.upload('bad.jpg', badPicture());
    const document = await problem(await api.request('/v1/images/bad.jpg/similar'));
    expect(document).toMatchObject({ state: 'rejected', reason: { code: 'not-an-image' } });
  });

  test('of an index that is too large say how much memory it takes', async () => {
    const { detail } = await problem(await tooLarge());
    expect(detail).toMatch(/1 rows .* Give the search function \d+ MB of memory/);
  });

  test('of a body that is too large ask for a smaller copy', async () => {
    expect((await ask('/v1/search', oversized())).detail).toContain('Send a smaller copy');
  });

  test.each([
    [
      'a folder that nobody may read',
      new StoreUnsuitable("EACCES: permission denied, open '/home/x/a'"),
      503,
    ],
    ['a place where nobody can look', new ObjectOutOfReach('/home/x/a'), 503],
    ['a model that is not there', new ModelUnusable('there is no model in /home/x'), 500],
  ])('of %s say so, and the log says where', async (_, error, status) => {
    const lines: unknown[] = [];
    const logger = { info() {}, warn() {}, error: (_: string, fields: unknown) => lines.push(fields) };
    const api = testApi({}, { logger });
    api.index.before = () => {
      throw error;
    };
    const document = await problem(await api.request('/v1/images'));
    expect(document.status).toBe(status);
    expect(JSON.stringify(document)).not.toContain('/home');
    expect(lines).toEqual([{ error }]);
  });

  test('of an unknown fault name the line in the log, and keep its message there', async () => {
    const lines: unknown[] = [];
    const logger = { info() {}, warn() {}, error: (_: string, fields: unknown) => lines.push(fields) };
    const api = testApi({}, { logger });
    api.index.before = () => {
      throw new TypeError('secret');
    };
    const document = await problem(await api.request('/v1/images'));
    expect(lines).toEqual([{ requestId: document.requestId, error: new TypeError('secret') }]);
    expect(JSON.stringify(document)).not.toContain('secret');
  });
});
