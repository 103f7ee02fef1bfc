/** What people decided about duplicates, through the API. */

import type { RouteHandler } from '@hono/zod-openapi';
import {
  forgetNotDuplicates,
  isNotDuplicatesName,
  notDuplicatesAfter,
  readFolders,
  writeFolders,
  writeNotDuplicates,
} from '../../pictures/duplicates/decisions.ts';
import { answerBytes } from './answer-size.ts';
import { afterCursor, cursorAfter } from './cursor.ts';
import type { SearchDependencies } from './dependencies.ts';
import { SEARCH_LIMITS } from './limits.ts';
import type * as routes from './routes.ts';

type Dependencies = Pick<SearchDependencies, 'index'>;

export const getDecisions =
  ({ index }: Dependencies): RouteHandler<typeof routes.getDecisions> =>
  async (c) => {
    const { protected: kept, preferred } = await readFolders(index);
    const folders = { protected: [...kept], preferred: [...preferred] };
    let bytes = answerBytes(folders);
    const notDuplicates: string[][] = [];
    let last: string | undefined;
    const after = afterCursor(c.req.valid('query').cursor, isNotDuplicatesName);
    for await (const sets of notDuplicatesAfter(index, after))
      for (const { name, keys } of sets) {
        bytes += answerBytes(keys);
        // One at least, so that pages come to an end.
        if (last !== undefined && bytes > SEARCH_LIMITS.maxAnswerBytes)
          return c.json({ ...folders, notDuplicates, cursor: cursorAfter(last) }, 200);
        notDuplicates.push([...keys]);
        last = name;
      }
    return c.json({ ...folders, notDuplicates }, 200);
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
