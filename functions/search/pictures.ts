/** Single pictures and lists of them: what is indexed, what became of one, uploads and deletions. */

import type { RouteHandler } from '@hono/zod-openapi';
import { type Picture, pictureOf } from '../../pictures/attributes.ts';
import { readFolders } from '../../pictures/duplicates/decisions.ts';
import { isRejectionName, listRejections, readRejection } from '../../pictures/ingest/rejections.ts';
import type { ListPage } from '../../vectorlog/read/list-keys.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import { isKey, lookUp } from '../../vectorlog/store/object-store.ts';
import { allowed } from './allowed.ts';
import { fitting } from './answer-size.ts';
import { afterPicture, pageOf } from './catalogue.ts';
import { afterCursor, cursorAfter } from './cursor.ts';
import type { SearchDependencies } from './dependencies.ts';
import type { Engine, SearchView } from './engine.ts';
import { ApiProblem } from './problems.ts';
import type * as routes from './routes.ts';

type Dependencies = SearchDependencies & { readonly live: LiveIndex; readonly engine: Engine };

/** A picture as answers show it. */
export async function shown(picture: Picture, { pictureUrl }: Pick<SearchDependencies, 'pictureUrl'>) {
  const { version: _, eTag: __, key, contentType, ...attributes } = picture;
  return {
    key,
    url: await pictureUrl(key),
    ...attributes,
    ...(contentType && { contentType }),
  };
}

export const listImages =
  (dependencies: Dependencies): RouteHandler<typeof routes.listImages> =>
  async (c) => {
    const { prefix = '', find, order, cursor, limit, consistency } = c.req.valid('query');
    const { live, defaultConsistency } = dependencies;
    // By key there is a way that holds no more than a page.
    const plain = order === 'key' && find === undefined;
    const after = plain ? afterCursor(cursor, isKey) : afterCursor(cursor);
    const page = await live.read(consistency ?? defaultConsistency, (view) =>
      plain
        ? plainPage(view.list({ prefix, after, limit }))
        : pageOf(view, { prefix, find, order, after, limit }),
    );
    const items = fitting(await Promise.all(page.pictures.map((picture) => shown(picture, dependencies))));
    const isCut = items.length < page.pictures.length;
    const last = page.more || isCut ? page.pictures[items.length - 1] : undefined;
    const end = last && (plain ? last.key : afterPicture(last, order));
    return c.json({ items, total: page.total, ...(end && { cursor: cursorAfter(end) }) }, 200);
  };

const plainPage = ({ entries, ...page }: ListPage) => ({ ...page, pictures: entries.map(pictureOf) });

/** What bucket, index and rejections say of a key, put together. */
export async function stateOf(
  key: string,
  view: Pick<SearchView, 'find'>,
  { pictures, index }: Pick<SearchDependencies, 'pictures' | 'index'>,
) {
  const [indexed, stored, rejection] = await Promise.all([
    view.find(key),
    lookUp(pictures, key),
    readRejection(index, key),
  ]);
  if (!stored) return indexed ? ({ state: 'pending' } as const) : ({ state: 'absent' } as const);
  if (indexed?.eTag === stored.eTag) return { state: 'indexed', indexed } as const;
  if (rejection?.eTag === stored.eTag) {
    return { state: 'rejected', reason: { code: rejection.code, message: rejection.reason } } as const;
  }
  return { state: 'pending' } as const;
}

export const getImage =
  (dependencies: Dependencies): RouteHandler<typeof routes.getImage> =>
  async (c) => {
    const { key } = c.req.valid('param');
    const found = await dependencies.engine.read('strong', 'near rows', ({ view }) =>
      stateOf(key, view, dependencies),
    );
    if (found.state === 'absent') throw absent(key);
    if (found.state === 'indexed') {
      return c.json({ state: found.state, ...(await shown(pictureOf(found.indexed), dependencies)) }, 200);
    }
    return c.json({ key, ...found }, 200);
  };

/** The problem of a key that no search can begin from. */
export async function notSearchable(
  key: string,
  view: Pick<SearchView, 'find'>,
  dependencies: Pick<SearchDependencies, 'pictures' | 'index'>,
): Promise<ApiProblem> {
  const found = await stateOf(key, view, dependencies);
  switch (found.state) {
    case 'absent':
      return absent(key);
    case 'rejected':
      return new ApiProblem('picture-not-searchable', found.reason.message, found);
    default:
      return new ApiProblem('picture-not-searchable', 'It is being indexed. Try again in a few seconds.', {
        state: 'pending',
      });
  }
}

const absent = (key: string) =>
  new ApiProblem(
    'picture-not-found',
    `The bucket has no picture "${key}". Keys are case-sensitive; check the spelling.`,
  );

export const deleteImage =
  ({
    pictures,
    index,
    trash,
    allows,
  }: Pick<SearchDependencies, 'pictures' | 'index' | 'trash' | 'allows'>): RouteHandler<
    typeof routes.deleteImage
  > =>
  async (c) => {
    if (!allowed(allows, c.env).deletes) throw notAllowed('deletes no pictures');
    const { key } = c.req.valid('param');
    const { eTag, copyOf, copyOfETag } = c.req.valid('query');
    await Promise.all([
      assertStill(key, eTag, pictures),
      copyOf !== undefined && assertStill(copyOf, copyOfETag, pictures),
      copyOf !== undefined && assertMayGo(key, copyOf, index),
    ]);
    const restorable = (await trash?.keeps()) ?? false;
    await pictures.delete([key]);
    return c.json({ key, state: 'pending' as const, restorable }, 202);
  };

/**
 * Stands just before a deletion: a store of objects has no deletion on condition, so that a picture that is written within
 * those milliseconds goes too.
 *
 * @param eTag of the picture that is meant; any picture is where it is left out
 */
async function assertStill(
  key: string,
  eTag: string | undefined,
  pictures: SearchDependencies['pictures'],
): Promise<void> {
  if (eTag === undefined || (await lookUp(pictures, key))?.eTag === eTag) return;
  throw new ApiProblem(
    'picture-changed',
    `"${key}" has changed or gone since it was looked at, so nothing was deleted. Look again, and decide anew.`,
  );
}

/** A list of duplicates may be older than what was said of a folder since. */
async function assertMayGo(key: string, copyOf: string, index: SearchDependencies['index']): Promise<void> {
  if (copyOf === key) throw new ApiProblem('invalid-request', `"${key}" is no copy of itself.`);
  const folder = (await readFolders(index)).protected.find((prefix) => key.startsWith(prefix));
  if (folder !== undefined)
    throw new ApiProblem(
      'picture-changed',
      `"${key}" is in "${folder}", from which no duplicates are deleted any more. Nothing was deleted.`,
    );
}

export const createUpload =
  ({
    uploads,
    allows,
  }: Pick<SearchDependencies, 'uploads' | 'allows'>): RouteHandler<typeof routes.createUpload> =>
  async (c) => {
    if (!allowed(allows, c.env).uploads) throw notAllowed('takes no uploads');
    return c.json(await uploads.sign(c.req.valid('json')), 200);
  };

const notAllowed = (what: string) =>
  new ApiProblem(
    'not-allowed',
    `This server ${what}: it searches a bucket that is somebody else's to change. Change the bucket itself, or set up the server to do it.`,
  );

export const listRejected =
  ({ index }: Pick<SearchDependencies, 'index'>): RouteHandler<typeof routes.listRejected> =>
  async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const items: {
      name: string;
      key: string;
      reason: { code: string; message: string };
      rejectedAt: string;
    }[] = [];
    const after = afterCursor(cursor, isRejectionName);
    for await (const { name, key, code, reason, at } of listRejections(index, after)) {
      items.push({ name, key, reason: { code, message: reason }, rejectedAt: at });
      if (items.length > limit) break;
    }
    const page = fitting(items.slice(0, limit));
    const last = items.length > page.length ? page.at(-1) : undefined;
    return c.json(
      { items: page.map(({ name: _, ...item }) => item), ...(last && { cursor: cursorAfter(last.name) }) },
      200,
    );
  };
