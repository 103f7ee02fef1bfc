/** The OpenAPI document, held against the specification by a validator that is not ours. */

import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { testApi } from '../../factories/api.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: object;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly parameters: Parameter[] }>>>>;
}

const documentOf = async ({ app }: ReturnType<typeof testApi>) =>
  (await (await app.request('/openapi.json')).json()) as Document;

test('is a valid document of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate((await documentOf(testApi())) as never);
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

test('describes every address that the app answers, and no other', async () => {
  const api = testApi();
  const described = Object.entries((await documentOf(api)).paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('{key}', ':key')}`),
  );
  const answered = api.app.routes
    .filter(({ method, path }) => method !== 'ALL' && path !== '/openapi.json')
    .map(({ method, path }) => `${method} ${path}`);
  expect([...new Set(answered)].sort()).toEqual(described.sort());
});

test('shows parameters with their types and limits', async () => {
  const { paths } = await documentOf(testApi());
  const parameter = (wanted: string) =>
    paths['/v1/images/{key}/similar']!.get!.parameters.find(({ name }) => name === wanted);
  expect(parameter('key')).toMatchObject({ in: 'path', required: true, schema: { type: 'string' } });
  expect(parameter('k')).toMatchObject({
    in: 'query',
    schema: { type: 'integer', minimum: 1, maximum: 1000, default: 10 },
  });
  expect(parameter('filter')).toMatchObject({ in: 'query', schema: { type: 'array' } });
});
