/** What a map of the library is laid out from: a few numbers for each picture. */

import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { catalogue } from './catalogue.ts';
import type { SearchDependencies } from './dependencies.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { principalComponents } from './principal.ts';
import { PrefixQuery } from './requests.ts';
import { ok, reading } from './routes.ts';

/** Enough to keep neighbours together, and a sixty-fourth of the embedding. */
const DIMS = 32;

export const LibraryMap = z
  .object({
    pictures: z.number().int().openapi({ description: 'Pictures under the prefix.' }),
    keys: z.array(z.string()).openapi({
      description: `At most ${SEARCH_LIMITS.maxMapPictures} of them, evenly spread over all.`,
    }),
    dims: z.number().int(),
    vectors: z.base64().openapi({
      description: 'For each key `dims` signed bytes: the embedding along its principal directions.',
    }),
  })
  .openapi('LibraryMap');

export const mapRoute = createRoute({
  method: 'get',
  path: '/v1/map',
  operationId: 'map',
  summary: 'Get what a map of the library is laid out from',
  request: { query: PrefixQuery },
  responses: { 200: ok('Pictures that are alike have vectors near each other.', LibraryMap), ...reading },
});

export const map =
  ({
    live,
    defaultConsistency,
  }: SearchDependencies & { readonly live: LiveIndex }): RouteHandler<typeof mapRoute> =>
  async (c) => {
    const { prefix = '', consistency } = c.req.valid('query');
    return live.read(consistency ?? defaultConsistency, async (view) => {
      const all = catalogue(view).filter(({ key }) => key.startsWith(prefix));
      const placed = await embedded(thinned(all.map(({ key }) => key)), view);
      const vectors = await principalComponents(
        placed.map(({ embedding }) => embedding),
        DIMS,
      );
      return c.json(
        {
          pictures: all.length,
          keys: placed.map(({ key }) => key),
          dims: DIMS,
          vectors: Buffer.from(vectors.buffer).toString('base64'),
        },
        200,
      );
    });
  };

async function embedded(keys: readonly string[], view: View) {
  const found: { key: string; embedding: Float32Array }[] = [];
  for (const key of keys) {
    const embedding = await view.embedding(key);
    if (embedding) found.push({ key, embedding });
  }
  return found;
}

/** As many keys as a map may have, evenly spread over all. */
function thinned(keys: readonly string[]): readonly string[] {
  const bytes = keys.reduce((sum, key) => sum + Buffer.byteLength(key), 0);
  const every = Math.max(keys.length / SEARCH_LIMITS.maxMapPictures, bytes / SEARCH_LIMITS.maxMapKeyBytes, 1);
  return Array.from({ length: Math.floor(keys.length / every) }, (_, at) => keys[Math.floor(at * every)]!);
}
