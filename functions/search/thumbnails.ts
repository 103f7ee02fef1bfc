/** Where the small copies of pictures are: addresses for as many pictures as a page shows, in one answer. */

import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { pictureOf } from '../../pictures/attributes.ts';
import type { SearchDependencies } from './dependencies.ts';
import type { Engine } from './engine.ts';
import { ThumbnailsRequest } from './requests.ts';
import { ok, problem, reading } from './routes.ts';

export const ThumbnailAddresses = z
  .object({
    items: z.array(z.object({ key: z.string(), url: z.string() })).openapi({
      description:
        'Of the pictures that are indexed, in the order of the keys. On S3 an address expires, and answers 404 for a picture that has no small copy yet. Empty where none are made.',
    }),
  })
  .openapi('ThumbnailAddresses');

export const thumbnailsRoute = createRoute({
  method: 'post',
  path: '/v1/thumbnails',
  operationId: 'thumbnails',
  summary: 'Ask where small copies of pictures are',
  request: {
    body: { required: true, content: { 'application/json': { schema: ThumbnailsRequest } } },
  },
  responses: {
    200: ok('WebP files of at most 512 pixels on their longer side.', ThumbnailAddresses),
    ...reading,
    413: problem(413),
    415: problem(415),
  },
});

/** What is known must be of now: an address of what a picture was would show what nobody is to see any more. */
export const thumbnails =
  ({
    engine,
    thumbnailUrl,
  }: SearchDependencies & { readonly engine: Engine }): RouteHandler<typeof thumbnailsRoute> =>
  async (c) => {
    const { keys } = c.req.valid('json');
    if (!thumbnailUrl) return c.json({ items: [] }, 200);
    const found = await engine.read('strong', 'near rows', async ({ view }) =>
      Promise.all(keys.map((key) => view.find(key))),
    );
    const items = await Promise.all(
      found
        .filter((entry) => entry !== undefined)
        .map(async (entry) => ({ key: entry.key, url: await thumbnailUrl(pictureOf(entry)) })),
    );
    return c.json({ items }, 200);
  };
