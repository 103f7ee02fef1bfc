/** What a map of the library is laid out from: a few numbers for each picture. */

import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { type Picture, seenFacts } from '../../pictures/attributes.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { answerBytes } from './answer-size.ts';
import { catalogue } from './catalogue.ts';
import type { SearchDependencies } from './dependencies.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { principalComponents } from './principal.ts';
import { PrefixQuery } from './requests.ts';
import { ok, reading } from './routes.ts';
import { seen } from './schemas.ts';

/** Enough to keep neighbours together, and a sixty-fourth of the embedding. */
const DIMS = 32;

export const LibraryMap = z
  .object({
    pictures: z.number().int().openapi({ description: 'Pictures under the prefix.' }),
    items: z
      .array(
        z.object({
          key: z.string(),
          lastModified: z.iso.datetime(),
          size: z.number().int(),
          ...seen,
        }),
      )
      .openapi({ description: `At most ${SEARCH_LIMITS.maxMapPictures} of them, evenly spread over all.` }),
    dims: z.number().int(),
    vectors: z.base64().openapi({
      description: 'For each of them `dims` signed bytes: the embedding along its principal directions.',
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
      const placed = await embedded(thinned(all), view);
      const vectors = await principalComponents(
        placed.map(({ embedding }) => embedding),
        DIMS,
      );
      return c.json(
        {
          pictures: all.length,
          items: placed.map(({ picture }) => mapped(picture)),
          dims: DIMS,
          vectors: Buffer.from(vectors.buffer).toString('base64'),
        },
        200,
      );
    });
  };

const mapped = (picture: Picture) => {
  const { key, lastModified, size } = picture;
  return { key, lastModified, size, ...seenFacts(picture) };
};

async function embedded(pictures: readonly Picture[], view: View) {
  const embeddings = await view.embeddings(pictures.map(({ key }) => key));
  return pictures.flatMap((picture, i) => {
    const embedding = embeddings[i];
    return embedding ? [{ picture, embedding }] : [];
  });
}

/** As many pictures as a map may have, evenly spread over all. */
function thinned(pictures: readonly Picture[]): readonly Picture[] {
  const bytes = pictures.reduce((sum, { key }) => sum + answerBytes(key), 0);
  const every = Math.max(
    pictures.length / SEARCH_LIMITS.maxMapPictures,
    bytes / SEARCH_LIMITS.maxMapKeyBytes,
    1,
  );
  return Array.from(
    { length: Math.floor(pictures.length / every) },
    (_, at) => pictures[Math.floor(at * every)]!,
  );
}
