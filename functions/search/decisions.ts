/** What people decided about duplicates, through the API. */

import type { RouteHandler } from '@hono/zod-openapi';
import {
  forgetNotDuplicates,
  readDecisions,
  writeFolders,
  writeNotDuplicates,
} from '../../pictures/duplicates/decisions.ts';
import type { SearchDependencies } from './dependencies.ts';
import type * as routes from './routes.ts';

type Dependencies = Pick<SearchDependencies, 'index'>;

export const getDecisions =
  ({ index }: Dependencies): RouteHandler<typeof routes.getDecisions> =>
  async (c) => {
    const { notDuplicates, ...folders } = await readDecisions(index);
    return c.json(
      {
        protected: [...folders.protected],
        preferred: [...folders.preferred],
        notDuplicates: notDuplicates.map((keys) => [...keys]),
      },
      200,
    );
  };

export const putFolders =
  ({ index }: Dependencies): RouteHandler<typeof routes.putFolders> =>
  async (c) => {
    const folders = c.req.valid('json');
    await writeFolders(index, folders);
    return c.json(folders, 200);
  };

export const postNotDuplicates =
  ({ index }: Dependencies): RouteHandler<typeof routes.postNotDuplicates> =>
  async (c) => {
    const { keys, undo = false } = c.req.valid('json');
    await (undo ? forgetNotDuplicates : writeNotDuplicates)(index, keys);
    return c.json({ keys, remembered: !undo }, 200);
  };
