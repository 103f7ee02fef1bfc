/** What a token's scopes let its holder do, as the API says it and as it does it. */

import { describe, expect, test } from 'vitest';
import { byScopes } from '../../../functions/search/allowed.ts';
import { json, testApi } from '../../factories/api.ts';

/** What hono hands on of API Gateway's event. */
const tokenWith = (claims: Record<string, string>) => ({
  event: { requestContext: { authorizer: { jwt: { claims } } } },
});

const scopes = { upload: ['photos/write', 'admin'], delete: ['admin'] };

test.each([
  [{ scope: 'photos/read' }, { uploads: false, deletes: false }],
  [{ scope: 'photos/read photos/write' }, { uploads: true, deletes: false }],
  [{ scp: '[photos/read admin]' }, { uploads: true, deletes: true }],
  [{}, { uploads: false, deletes: false }],
  // A part of a name is another name.
  [{ scope: 'photos/write-not administrator' }, { uploads: false, deletes: false }],
])('%j', (claims, expected) => {
  expect(byScopes({ uploads: true, deletes: true }, scopes)(tokenWith(claims))).toEqual(expected);
});

test('no scope permits what the bucket is closed to, and what has no scope is open to every token', () => {
  expect(byScopes({ uploads: false, deletes: true }, { upload: ['a'] })(tokenWith({ scope: 'a' }))).toEqual({
    uploads: false,
    deletes: true,
  });
});

describe('the API', () => {
  const { app } = testApi({ allows: byScopes({ uploads: true, deletes: true }, scopes) });
  const writer = tokenWith({ scope: 'photos/write' });

  test('says to each caller what that one may, so that the console can hide the rest', async () => {
    for (const path of ['/v1/health', '/v1/stats']) {
      const { allows } = (await (await app.request(path, {}, writer)).json()) as { allows: unknown };
      expect(allows).toEqual({ uploads: true, deletes: false });
    }
  });

  test('refuses what the scopes do not permit', async () => {
    const upload = json({ key: 'a.jpg', contentType: 'image/jpeg', size: 1 });
    expect((await app.request('/v1/uploads', upload, writer)).status).toBe(200);
    expect((await app.request('/v1/uploads', upload, tokenWith({ scope: 'photos/read' }))).status).toBe(403);
    const refused = await app.request('/v1/images/a.jpg', { method: 'DELETE' }, writer);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ type: 'urn:likeness:problem:not-allowed' });
  });
});
