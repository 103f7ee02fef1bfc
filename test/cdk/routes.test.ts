/** Which function API Gateway hands a request to, and what it asks of its token. */

import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test, vi } from 'vitest';
import type { ImageSearchProps } from '../../cdk/image-search-props.ts';
import { createFront } from '../../functions/front/app.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { serviceFor, servicesOf } from '../assets/template/routes.ts';
import { testApi } from '../factories/api.ts';
import { synthesise } from './synthesise.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Every operation of the API. */
async function operations(): Promise<{ method: string; path: string }[]> {
  const document = (await (await testApi().app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, object>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
}

describe('routes', () => {
  const keysOf = (template: Template, scope?: string) =>
    Object.values(template.findResources('AWS::ApiGatewayV2::Route'))
      .filter(
        ({ Properties }) =>
          scope === undefined || (Properties.AuthorizationScopes as string[] | undefined)?.includes(scope),
      )
      .map(({ Properties }) => Properties.RouteKey as string)
      .sort();

  test('hand each operation to a function that has it, and to front all that changes something', async () => {
    const services = servicesOf(synthesise().serving!.toJSON().Resources);
    const api = testApi();
    const front = createFront({
      ...api,
      model: { modelId: 'fake', synthetic: false },
      keysBudgetBytes: 2 ** 20,
      searchBudgetBytes: 2 ** 30,
      uploads: { sign: () => Promise.reject(new Error('nothing is signed here')) },
      clock: systemClock,
      logger: silentLogger,
    });
    const all = await operations();
    expect(all.length).toBeGreaterThan(15);
    for (const { method, path } of all) {
      const service = serviceFor(services, method, path);
      if (method !== 'GET' && !['/v1/search', '/v1/thumbnails'].includes(path))
        expect({ method, path, service }).toMatchObject({ service: 'Front' });
      if (service !== 'Front') continue;
      const response = await front.request(path.replaceAll(/\{.*?\}/g, 'a'), { method });
      const { type = '' } = (await response.json()) as { type?: string };
      expect({ method, path, type }).not.toMatchObject({ type: expect.stringContaining('route-not-found') });
    }
  });

  test('of states lead to search where the keys are in the far index', () => {
    const far: ImageSearchProps = { engine: 's3-vectors' };
    expect(servicesOf(synthesise(far).serving!.toJSON().Resources)['POST /v1/states']).toBe('Search');
    expect(servicesOf(synthesise().serving!.toJSON().Resources)['POST /v1/states']).toBe('Front');
  });

  test('ask for scopes: to read, to upload, and to delete for all that is left', () => {
    const scopes = { read: ['r'], upload: ['u'], delete: ['d'] };
    const jwt = { issuer: 'https://login.example.com', audience: ['photos'], scopes };
    const { serving: scoped } = synthesise({ auth: { jwt } });
    expect(keysOf(scoped!, 'r')).toEqual([
      'GET /v1/duplicates/decisions',
      'GET /v1/health',
      'GET /v1/rejected',
      'GET /v1/trash',
      'GET /{path+}',
      'HEAD /{path+}',
      'POST /v1/search',
      'POST /v1/states',
      'POST /v1/thumbnails',
    ]);
    expect(keysOf(scoped!, 'u')).toEqual(['POST /v1/uploads']);
    expect(keysOf(scoped!, 'd')).toEqual(['DELETE /{path+}', 'POST /{path+}', 'PUT /{path+}']);
    expect(keysOf(scoped!)).toHaveLength(13);
    for (const name of ['Search', 'Front'])
      scoped!.hasResourceProperties('AWS::Lambda::Function', {
        Environment: {
          Variables: Match.objectLike({
            POWERTOOLS_SERVICE_NAME: name,
            LIKENESS_SCOPES: JSON.stringify(scopes),
          }),
        },
      });
    // What names none is open to every token, and to no other.
    const { serving: partly } = synthesise({ auth: { jwt: { ...jwt, scopes: { delete: ['d'] } } } });
    partly!.hasResourceProperties('AWS::ApiGatewayV2::Route', {
      RouteKey: 'GET /{path+}',
      AuthorizationType: 'JWT',
      AuthorizationScopes: Match.absent(),
    });
  });
});
