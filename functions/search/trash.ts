/** The trash through the API: what was deleted, putting it back, and letting it go for good. */

import { createRoute, type RouteHandler, type z } from '@hono/zod-openapi';
import { knownFacts, seenFacts } from '../../pictures/attributes.ts';
import { KeyTaken, NotInTrash, type Trash, type TrashedPicture } from '../../pictures/trash/trash.ts';
import type { Entry } from '../../vectorlog/log/record.ts';
import { answerBytes, fitting } from './answer-size.ts';
import { afterCursor, cursorAfter, notACursor } from './cursor.ts';
import type { SearchDependencies } from './dependencies.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { EmptyTrash, RestoreRequest, TrashQuery } from './requests.ts';
import { always, ok, problem } from './routes.ts';
import { Emptied, Restored, type TrashItem, TrashPage } from './schemas.ts';

type Result = z.infer<typeof Restored>['results'][number];
type Dependencies = Pick<SearchDependencies, 'trash' | 'onRestored' | 'logger'> & {
  /** What the index still knows of deleted pictures. @default - nothing is asked: the trash has written it down */
  readonly recall?: Recall;
};

/** For each of some pictures what was last known of it with these bytes. */
export type Recall = (
  pictures: readonly { readonly key: string; readonly eTag: string }[],
) => Promise<readonly (Entry | undefined)[]>;

export const listTrashRoute = createRoute({
  method: 'get',
  path: '/v1/trash',
  operationId: 'listTrash',
  summary: 'List the deleted pictures that can be had back',
  request: { query: TrashQuery },
  responses: {
    200: ok('One page; on one machine the last deletion first, in a bucket by key.', TrashPage),
    ...always,
    503: problem(503),
  },
});

export const restoreRoute = createRoute({
  method: 'post',
  path: '/v1/trash/restore',
  operationId: 'restore',
  summary: 'Put deleted pictures back',
  request: { body: { required: true, content: { 'application/json': { schema: RestoreRequest } } } },
  responses: {
    200: ok('What became of each, in the order asked for.', Restored),
    ...always,
    503: problem(503),
  },
});

export const emptyTrashRoute = createRoute({
  method: 'post',
  path: '/v1/trash/empty',
  operationId: 'emptyTrash',
  summary: 'Remove deleted pictures for good',
  request: { body: { required: true, content: { 'application/json': { schema: EmptyTrash } } } },
  responses: { 200: ok('What is gone now.', Emptied), ...always, 409: problem(409), 503: problem(503) },
});

export const listTrash =
  (dependencies: Dependencies): RouteHandler<typeof listTrashRoute> =>
  async (c) => {
    const { trash } = dependencies;
    const { cursor, limit } = c.req.valid('query');
    if (!trash || !(await trash.keeps())) return c.json({ kept: false, items: [] }, 200);
    const { pictures, next } = await trash.list({ after: afterCursor(cursor), limit }).catch((error) => {
      throw error instanceof NotInTrash ? notACursor() : error;
    });
    const { keptDays } = trash;
    const items = fitting((await recalled(pictures, dependencies)).map(shownInTrash));
    const end = items.length < pictures.length ? items.at(-1)!.id : next;
    return c.json(
      {
        kept: true,
        ...(keptDays !== undefined && { keptDays }),
        items,
        ...(end && { cursor: cursorAfter(end) }),
      },
      200,
    );
  };

export const restore =
  ({ trash, onRestored }: Dependencies): RouteHandler<typeof restoreRoute> =>
  async (c) => {
    const { ids = [], keys = [] } = c.req.valid('json');
    const results: Result[] = [];
    let bytes = 0;
    const add = (result: Result) => {
      bytes += answerBytes(result);
      // The places still say which is which.
      results.push(bytes > SEARCH_LIMITS.maxAnswerBytes ? { restored: result.restored } : result);
    };
    for (const asked of [...ids.map((id) => ({ id })), ...keys.map((key) => ({ key }))]) {
      try {
        const picture = await restoredBy(trash, asked);
        onRestored?.(picture.key);
        add({ key: picture.key, restored: true });
      } catch (error) {
        if (!(error instanceof NotInTrash || error instanceof KeyTaken)) throw error;
        const key = error instanceof KeyTaken ? error.key : 'key' in asked ? asked.key : undefined;
        add({ ...(key !== undefined && { key }), restored: false, reason: error.message });
      }
    }
    return c.json({ results }, 200);
  };

async function restoredBy(trash: Trash | undefined, asked: { id: string } | { key: string }) {
  if (!trash) throw new NotInTrash('deleted pictures are not kept here');
  return 'id' in asked ? trash.restore(asked.id) : trash.restoreKey(asked.key);
}

export const emptyTrash =
  ({ trash }: Dependencies): RouteHandler<typeof emptyTrashRoute> =>
  async (c) => {
    const { ids, before } = c.req.valid('json');
    if (!trash) return c.json({ pictures: 0, bytes: 0 }, 200);
    return c.json(
      await trash.empty({ ids, before: before === undefined ? undefined : Date.parse(before) }),
      200,
    );
  };

/** The pictures with what the index still knows of them; as they are where it cannot be asked, for they can be restored all the same. */
async function recalled(
  pictures: readonly TrashedPicture[],
  { recall, logger }: Dependencies,
): Promise<readonly TrashedPicture[]> {
  if (!recall) return pictures;
  const asked = pictures.flatMap(({ id, key, eTag }) => (eTag === undefined ? [] : [{ id, key, eTag }]));
  if (asked.length === 0) return pictures;
  try {
    const entries = await recall(asked);
    const known = new Map(asked.map(({ id }, i) => [id, entries[i]]));
    return pictures.map((picture) => {
      const entry = known.get(picture.id);
      return entry ? { ...picture, ...seenFacts(knownFacts(entry)) } : picture;
    });
  } catch (error) {
    logger.info('the index tells nothing of what is in the trash', { error });
    return pictures;
  }
}

const shownInTrash = (picture: TrashedPicture): z.infer<typeof TrashItem> => {
  const { id, key, size, contentType, deletedAt } = picture;
  return {
    id,
    key,
    size,
    ...(contentType && { contentType }),
    ...seenFacts(picture),
    deletedAt: new Date(deletedAt).toISOString(),
  };
};
