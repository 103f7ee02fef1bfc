/** Which metadata the pictures have: what a filter can ask for. */

import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import { fitting } from './answer-size.ts';
import { catalogue } from './catalogue.ts';
import type { SearchDependencies } from './dependencies.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { PrefixQuery } from './requests.ts';
import { ok, reading } from './routes.ts';

export const MetadataNames = z
  .object({
    names: z.array(
      z.object({
        name: z.string(),
        pictures: z.number().int().openapi({ description: 'Pictures that have it.' }),
        values: z
          .array(z.object({ value: z.string(), pictures: z.number().int() }))
          .max(SEARCH_LIMITS.maxMetadataValues)
          .openapi({ description: 'The most frequent ones.' }),
      }),
    ),
  })
  .openapi('MetadataNames');

export const metadataRoute = createRoute({
  method: 'get',
  path: '/v1/metadata',
  operationId: 'metadata',
  summary: 'List the names of the metadata that there is, and their values',
  request: { query: PrefixQuery },
  responses: { 200: ok('The most frequent name first.', MetadataNames), ...reading },
});

export const metadata =
  ({
    live,
    defaultConsistency,
  }: SearchDependencies & { readonly live: LiveIndex }): RouteHandler<typeof metadataRoute> =>
  async (c) => {
    const { prefix = '', consistency } = c.req.valid('query');
    return live.read(consistency ?? defaultConsistency, (view) => {
      const names = new Map<string, Map<string, number>>();
      for (const picture of catalogue(view)) {
        if (!picture.key.startsWith(prefix)) continue;
        for (const [name, value] of Object.entries(picture.metadata)) {
          const values = names.get(name) ?? new Map<string, number>();
          names.set(name, values.set(value, (values.get(value) ?? 0) + 1));
        }
      }
      const all = Array.from(names, ([name, values]) => ({
        name,
        pictures: [...values.values()].reduce((sum, each) => sum + each, 0),
        values: Array.from(values, ([value, pictures]) => ({ value, pictures }))
          .sort((a, b) => b.pictures - a.pictures)
          .slice(0, SEARCH_LIMITS.maxMetadataValues),
      }));
      return c.json({ names: fitting(all.sort((a, b) => b.pictures - a.pictures)) }, 200);
    });
  };
