/** The folders of the library, with how many pictures each has: an object store has none, people do. */

import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import { fitting } from './answer-size.ts';
import { catalogue, compareKeys } from './catalogue.ts';
import { afterCursor, cursorAfter } from './cursor.ts';
import type { SearchDependencies } from './dependencies.ts';
import { FoldersQuery } from './requests.ts';
import { ok, reading } from './routes.ts';
import { nextCursor } from './schemas.ts';

export const FoldersPage = z
  .object({
    folders: z.array(
      z.object({
        prefix: z.string().openapi({ description: 'The whole of its path, with a slash at its end.' }),
        pictures: z.number().int().openapi({ description: 'Pictures in it and in the folders below it.' }),
      }),
    ),
    pictures: z.number().int().openapi({ description: 'Pictures under the prefix.' }),
    cursor: nextCursor,
  })
  .openapi('FoldersPage');

export const foldersRoute = createRoute({
  method: 'get',
  path: '/v1/folders',
  operationId: 'folders',
  summary: 'List the folders right below a prefix, or those whose path contains a text',
  request: { query: FoldersQuery },
  responses: { 200: ok('One page of folders, by path.', FoldersPage), ...reading },
});

export const folders =
  ({
    live,
    defaultConsistency,
  }: SearchDependencies & { readonly live: LiveIndex }): RouteHandler<typeof foldersRoute> =>
  async (c) => {
    const { prefix = '', find, cursor, limit, consistency } = c.req.valid('query');
    const after = afterCursor(cursor);
    return live.read(consistency ?? defaultConsistency, (view) => {
      const { counts, pictures } = count(catalogue(view), prefix, find?.toLowerCase());
      const all = [...counts]
        .map(([path, number]) => ({ prefix: path, pictures: number }))
        .filter((folder) => after === undefined || compareKeys(folder.prefix, after) > 0)
        .sort((a, b) => compareKeys(a.prefix, b.prefix));
      const page = fitting(all.slice(0, limit));
      const last = all.length > page.length ? page.at(-1) : undefined;
      return c.json({ folders: page, pictures, ...(last && { cursor: cursorAfter(last.prefix) }) }, 200);
    });
  };

/** How many pictures each folder has: those right below the prefix, or all whose path contains a text. */
function count(pictures: readonly { key: string }[], prefix: string, find: string | undefined) {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { key } of pictures) {
    if (!key.startsWith(prefix)) continue;
    total++;
    for (let slash = key.indexOf('/', prefix.length); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const path = key.slice(0, slash + 1);
      if (find === undefined || path.toLowerCase().includes(find))
        counts.set(path, (counts.get(path) ?? 0) + 1);
      if (find === undefined) break;
    }
  }
  return { counts, pictures: total };
}
