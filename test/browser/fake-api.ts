/** A server that answers as the API does, checked by the API's own schemas, and that fails, waits and refuses on demand. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import type { ConsoleConfig } from '../../console/config.ts';
import { FoldersPage } from '../../functions/search/folders.ts';
import { keyFromPath, routePath } from '../../functions/search/key-path.ts';
import { LibraryMap } from '../../functions/search/map.ts';
import { MetadataNames } from '../../functions/search/metadata.ts';
import * as requests from '../../functions/search/requests.ts';
import { Sample } from '../../functions/search/sample.ts';
import * as schemas from '../../functions/search/schemas.ts';
import { States } from '../../functions/search/states.ts';
import { ThumbnailAddresses } from '../../functions/search/thumbnails.ts';
import { demoPicture } from './demo-pictures.ts';
import { type Identity, identityRoutes } from './identity-provider.ts';

const CONSOLE = fileURLToPath(new URL('../../dist/console', import.meta.url));

export interface FakePicture {
  readonly key: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Bytes. @default made of the key's length */
  readonly size?: number;
  /** Cosine with any query. @default made of the place in the list */
  readonly score?: number;
  readonly stackedOn?: string;
  /** What its header said: pixels, when and where it was taken. */
  readonly facts?: Partial<z.input<typeof schemas.Picture>>;
}

/** What a test may change while the server runs. */
export interface FakeState {
  /** What stats say of the engine and of the last backfill. */
  engine: Partial<z.input<typeof schemas.Stats>>;
  pictures: FakePicture[];
  /** Groups of keys. */
  duplicates: string[][];
  /** Keys of pictures that show more than the one that is kept. */
  finer: string[];
  /** Pictures that are to be read before any are compared. */
  unread: number;
  /** Groups of keys that someone said are none. */
  notDuplicates: string[][];
  /** Folders from which nothing is to be deleted. */
  protected: string[];
  preferred: string[];
  rejected: { key: string; message: string }[];
  /** Deleted pictures, the last one first. */
  trash: FakePicture[];
  /** Whether deletions can be had back; a bucket without versions keeps none. */
  keepsDeleted: boolean;
  synthetic: boolean;
  /** What keeps the server from all it should do. */
  reasons: { code: string; message: string }[];
  /** Events that wait to be indexed. */
  waiting: number;
  /** Milliseconds that every answer of the API takes. */
  delayMs: number;
  /** The API does not answer at all. */
  down: boolean;
  /** How much of the index is in memory, 0 to 1: below 1, searches are told to come again. */
  loaded: number;
  /** Only requests with this bearer token are answered. */
  token: string | undefined;
  /** What the token that is sent lets its holder do. */
  allows: { uploads: boolean; deletes: boolean };
  /** The provider that gives tokens. */
  identity: Identity | undefined;
  /** Why uploads whose key contains `text` come to nothing: refused at once, or rejected when they are read. */
  refuse: { text: string; how: 'at-once' | 'when-read' | 'store-fails'; reason: string }[];
  /** Why a picture that is searched by cannot be read. */
  rejectQuery: string | undefined;
  config: ConsoleConfig;
  /** Small copies stand beside the index, as on AWS; of these keys there are none. */
  thumbnails: { without: readonly string[] } | undefined;
}

export interface FakeApi {
  readonly url: string;
  readonly state: FakeState;
  /** Requests of the API and of original pictures so far, as `GET /v1/images?limit=36`. */
  readonly requests: string[];
  close(): Promise<void>;
}

const WHEN = '2026-03-01T09:30:00.000Z';

export async function startFakeApi(initial: Partial<FakeState> = {}): Promise<FakeApi> {
  const state: FakeState = {
    pictures: [],
    duplicates: [],
    finer: [],
    unread: 0,
    notDuplicates: [],
    protected: [],
    preferred: [],
    rejected: [],
    trash: [],
    keepsDeleted: true,
    synthetic: false,
    reasons: [],
    waiting: 0,
    engine: { engine: 'memory', exact: true },
    delayMs: 0,
    down: false,
    loaded: 1,
    token: undefined,
    allows: { uploads: true, deletes: true },
    identity: undefined,
    refuse: [],
    rejectQuery: undefined,
    config: { thumbnails: '/thumbnails/{key}?size={size}' },
    thumbnails: undefined,
    ...initial,
  };
  const requests: string[] = [];
  const app = new Hono({ getPath: routePath });
  const server = createServer(getRequestListener((request) => app.fetch(request)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  app.use('/v1/*', async (context, next) => {
    const { pathname, search } = new URL(context.req.url);
    requests.push(`${context.req.method} ${pathname}${search}`);
    if (state.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, state.delayMs));
    if (state.down) return hangUp(server);
    if (state.token && context.req.header('authorization') !== `Bearer ${state.token}`) {
      return problem(401, 'unauthorized', 'Unauthorized', 'Send a token.');
    }
    return next();
  });
  apiRoutes(app, state, url);
  identityRoutes(app, `${url}/`, () => state.identity ?? { token: '' });
  app.post('/demo', (context) => {
    state.waiting = 12;
    return context.json({ pictures: 12 }, 202);
  });
  app.get('/pictures/*', async (context) => {
    requests.push(`GET ${new URL(context.req.url).pathname}`);
    return webp(await pictureOf(context));
  });
  app.get('/beside/*', async (context) => {
    const { pathname } = new URL(context.req.url);
    requests.push(`GET ${pathname}`);
    const isThere = !state.thumbnails?.without.includes(decodeURI(pathname.slice('/beside/'.length)));
    return isThere ? webp(await pictureOf(context)) : context.text('NoSuchKey', 404);
  });
  app.get('/thumbnails/*', async (context) => webp(await pictureOf(context)));
  app.get('/config.json', (context) => context.json(state.config));
  app.get('*', serveStatic({ root: CONSOLE }));

  return {
    url,
    state,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function apiRoutes(app: Hono, state: FakeState, url: string): void {
  const shown = ({ key, metadata = {}, size = 20_000 + key.length * 1_000, facts }: FakePicture) => ({
    ...facts,
    key,
    url: `${url}/pictures/${encodeURI(key)}`,
    metadata,
    lastModified: WHEN,
    size,
    contentType: 'image/webp',
  });
  const eTagOf = (key: string) => `${key} ${state.pictures[find(key)]?.size}`;
  const find = (key: string) => state.pictures.findIndex((picture) => picture.key === key);
  const keyOf = (context: Context) => keyFromPath(decodeURIComponent(context.req.param('key') ?? '')) ?? '';

  /** Pictures beside the query's in the list are like it; a part of a picture is like the others. */
  const search = (context: Context, from: number) => {
    if (state.loaded < 1) {
      const document = schemas.Problem.parse({
        type: 'urn:likeness:problem:index-loading',
        title: 'The index is being loaded',
        status: 503,
        detail: 'Ask again in a moment.',
        loading: { doneBytes: state.loaded * 1_000, totalBytes: 1_000 },
      });
      return Response.json(document, {
        status: 503,
        headers: { 'content-type': 'application/problem+json', 'retry-after': '1' },
      });
    }
    const k = Number(context.req.query('k') ?? 10);
    const prefix = context.req.query('prefix') ?? '';
    const filters = (context.req.queries('filter') ?? []).map(
      (text) => text.split(':', 2) as [string, string],
    );
    const start = context.req.query('crop') ? from + 7 : from;
    const results = state.pictures
      .map((picture, index) => ({ picture, index }))
      .filter(({ picture, index }) => index !== from && picture.key.startsWith(prefix))
      .filter(({ picture }) => filters.every(([name, value]) => picture.metadata?.[name] === value))
      .map(({ picture, index }) => ({
        ...shown(picture),
        score: picture.score ?? 0.98 / (1 + 0.05 * Math.abs(index - start)),
        ...(picture.stackedOn && { stackedOn: picture.stackedOn }),
      }))
      .sort((a, b) => b.score - a.score)
      .slice(0, k);
    return context.json(
      schemas.SearchAnswer.parse({
        results,
        model: 'fake-00000000',
        ...(state.synthetic && { synthetic: true }),
        engine: 'memory',
        exact: true,
        searched: state.pictures.length,
        pending: 0,
        ...(context.req.query('histogram') && {
          histogram: { counts: Array.from({ length: 50 }, (_, n) => n % 7), estimated: false },
        }),
        took: { embedMs: 12, refreshMs: 1, scanMs: 3 },
      }),
    );
  };

  app.post('/v1/search', async (context) => {
    if (state.rejectQuery)
      return problem(422, 'picture-rejected', 'Not a readable picture', state.rejectQuery);
    const isJson = context.req.header('content-type') === 'application/json';
    const body = isJson ? ((await context.req.json()) as { key?: string; queries?: { key: string }[] }) : {};
    const key = body.key ?? body.queries?.[0]?.key;
    const from = key === undefined ? -1 : find(key);
    return search(context, from);
  });
  app.get('/v1/images/:key/similar', (context) => search(context, find(keyOf(context))));

  app.get('/v1/images', (context) => {
    const { prefix = '', find = '', order, cursor, limit } = requests.ListQuery.parse(context.req.query());
    const all = state.pictures.filter(
      ({ key }) => key.startsWith(prefix) && key.toLowerCase().includes(find.toLowerCase()),
    );
    if (order === 'largest') all.sort((a, b) => shown(b).size - shown(a).size);
    const start = Number(cursor ?? 0);
    const end = start + limit;
    return context.json({
      items: all.slice(start, end).map(shown),
      total: all.length,
      ...(end < all.length && { cursor: String(end) }),
    });
  });

  app.get('/v1/images/:key', (context) => {
    const key = keyOf(context);
    const rejected = state.rejected.find((each) => each.key === key);
    if (rejected) {
      const reason = { code: 'corrupt', message: rejected.message };
      return context.json(schemas.PictureState.parse({ state: 'rejected', key, reason }));
    }
    const picture = state.pictures[find(key)];
    return picture
      ? context.json(schemas.PictureState.parse({ state: 'indexed', ...shown(picture) }))
      : problem(404, 'picture-not-found', 'No such picture', `The bucket has no picture "${key}".`);
  });

  app.post('/v1/states', async (context) => {
    const { keys } = requests.StatesRequest.parse(await context.req.json());
    const states = keys.map((key) => {
      const rejected = state.rejected.find((each) => each.key === key);
      if (rejected) return { key, state: 'rejected', reason: { code: 'corrupt', message: rejected.message } };
      const picture = state.pictures[find(key)];
      if (!picture) return { key, state: 'absent' };
      const { size, lastModified } = shown(picture);
      return { key, state: 'indexed', size, lastModified };
    });
    return context.json(States.parse({ states }));
  });

  app.delete('/v1/images/:key', (context) => {
    const key = keyOf(context);
    const { eTag, copyOf, copyOfETag } = requests.DeletionQuery.parse(context.req.query());
    const isStill = (one: string, meant: string | undefined) => meant === undefined || meant === eTagOf(one);
    if (!isStill(key, eTag) || (copyOf !== undefined && !isStill(copyOf, copyOfETag)))
      return problem(412, 'picture-changed', 'Another picture now', `"${key}" has changed since.`);
    const gone = state.pictures[find(key)];
    const { keepsDeleted: restorable } = state;
    if (gone && restorable) state.trash.unshift(gone);
    state.pictures = state.pictures.filter((picture) => picture.key !== key);
    return context.json(schemas.Deletion.parse({ key, state: 'pending', restorable }), 202);
  });

  app.get('/v1/trash', (context) =>
    context.json(
      schemas.TrashPage.parse({
        kept: state.keepsDeleted,
        items: state.trash.map(({ key, facts }) => ({
          ...facts,
          id: key,
          key,
          size: 20_000,
          deletedAt: WHEN,
        })),
      }),
    ),
  );
  app.post('/v1/trash/restore', async (context) => {
    const { ids = [], keys = [] } = requests.RestoreRequest.parse(await context.req.json());
    const back = [...ids, ...keys];
    state.pictures.push(...state.trash.filter(({ key }) => back.includes(key)));
    state.trash = state.trash.filter(({ key }) => !back.includes(key));
    return context.json(schemas.Restored.parse({ results: back.map((key) => ({ key, restored: true })) }));
  });
  app.post('/v1/trash/empty', async (context) => {
    // All of it is old enough.
    requests.EmptyTrash.parse(await context.req.json());
    const pictures = state.trash.length;
    state.trash = [];
    return context.json(schemas.Emptied.parse({ pictures, bytes: pictures * 20_000 }));
  });

  app.get('/v1/folders', (context) => {
    const { prefix = '', find: text = '' } = requests.FoldersQuery.parse(context.req.query());
    const counts = new Map<string, number>();
    for (const { key } of state.pictures.filter((each) => each.key.startsWith(prefix))) {
      // By a text folders at any depth are found, otherwise those right below.
      let slash = key.indexOf('/', prefix.length);
      for (let depth = 0; slash >= 0 && (depth === 0 || text !== ''); depth += 1) {
        const folder = key.slice(0, slash + 1);
        if (folder.includes(text)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
        slash = key.indexOf('/', slash + 1);
      }
    }
    const folders = Array.from(counts, ([path, pictures]) => ({ prefix: path, pictures }));
    return context.json(FoldersPage.parse({ folders, pictures: state.pictures.length }));
  });
  app.get('/v1/metadata', (context) => {
    const names = new Map<string, Set<string>>();
    for (const [name, value] of state.pictures.flatMap(({ metadata = {} }) => Object.entries(metadata))) {
      names.set(name, (names.get(name) ?? new Set()).add(value));
    }
    const all = Array.from(names, ([name, values]) => ({
      name,
      pictures: 1,
      values: Array.from(values, (value) => ({ value, pictures: 1 })),
    }));
    return context.json(MetadataNames.parse({ names: all }));
  });
  app.get('/v1/sample', (context) => {
    const { limit } = requests.SampleQuery.parse(context.req.query());
    return context.json(Sample.parse({ items: state.pictures.slice(0, limit).map(shown) }));
  });
  /** Five groups, some way apart. */
  app.post('/v1/thumbnails', async (context) => {
    const { keys } = requests.ThumbnailsRequest.parse(await context.req.json());
    const there = state.thumbnails ? keys.filter((key) => find(key) >= 0) : [];
    const items = there.map((key) => ({ key, url: `${url}/beside/${encodeURI(key)}` }));
    return context.json(ThumbnailAddresses.parse({ items }));
  });
  app.get('/v1/map', (context) => {
    const dims = 4;
    const vectors = Int8Array.from({ length: state.pictures.length * dims }, (_, at) => {
      const group = Math.floor(at / dims) % 5;
      return Math.round(60 * Math.sin(group * 2 + (at % dims)) + 20 * Math.sin(at * 7.3));
    });
    return context.json(
      LibraryMap.parse({
        pictures: state.pictures.length,
        items: state.pictures.map(shown),
        dims,
        vectors: Buffer.from(vectors.buffer).toString('base64'),
      }),
    );
  });

  /** Metadata of what is to be uploaded, by key. */
  const sent = new Map<string, FakePicture['metadata']>();
  app.post('/v1/uploads', async (context) => {
    const { key, metadata } = requests.UploadRequest.parse(await context.req.json());
    sent.set(key, metadata);
    const refusal = state.refuse.find(({ text, how }) => how === 'at-once' && key.includes(text));
    if (refusal) return problem(400, 'invalid-request', 'Not a valid request', refusal.reason);
    const target = { method: 'PUT', url: `${url}/uploads/${encodeURI(key)}`, headers: {}, expiresAt: WHEN };
    return context.json(schemas.UploadTarget.parse(target));
  });

  app.put('/uploads/*', async (context) => {
    const key = decodeURI(new URL(context.req.url).pathname.slice('/uploads/'.length));
    await context.req.arrayBuffer();
    const refusal = state.refuse.find(({ text }) => key.includes(text));
    if (refusal?.how === 'store-fails')
      return problem(503, 'store-unavailable', 'Unavailable', refusal.reason);
    if (refusal) state.rejected.push({ key, message: refusal.reason });
    else if (find(key) < 0) state.pictures.push({ key, metadata: sent.get(key) ?? {} });
    return context.body(null, 204);
  });

  app.get('/v1/rejected', (context) =>
    context.json(
      schemas.RejectedPage.parse({
        items: state.rejected.map(({ key, message }) => ({
          key,
          reason: { code: 'corrupt', message },
          rejectedAt: WHEN,
        })),
      }),
    ),
  );

  app.get('/v1/duplicates', (context) => {
    if (state.unread > 0) {
      const { length: total } = state.pictures;
      const page = { groups: [], compared: 0, total, unread: state.unread, cursor: 'unread' };
      return context.json(schemas.DuplicatesPage.parse(page));
    }
    const { tier } = requests.DuplicatesQuery.parse(context.req.query());
    const pictures = (keys: string[]) => state.pictures.filter(({ key }) => keys.includes(key)).map(shown);
    const groups = state.duplicates
      .filter((keys) => !state.notDuplicates.some((each) => each.join() === [...keys].sort().join()))
      .map((keys) => {
        const isProtected = (key: string) => state.protected.some((folder) => key.startsWith(folder));
        const members = pictures(keys).map((each) => ({
          ...each,
          tier,
          protected: isProtected(each.key),
          ...(state.finer.includes(each.key) && { finer: true }),
          eTag: eTagOf(each.key),
        }));
        const isPreferred = ({ key }: { key: string }) =>
          state.preferred.some((folder) => key.startsWith(folder));
        members.sort((one, other) => Number(isPreferred(other)) - Number(isPreferred(one)));
        const deletable = members
          .slice(1)
          .filter(({ key, protected: stays }) => !stays && tier === 'same' && !state.finer.includes(key));
        return {
          tier,
          keeper: members[0]?.key,
          reason: '6000 x 4000',
          pictures: members,
          deletable: deletable.map(({ key }) => key),
          freesBytes: deletable.reduce((sum, { size }) => sum + size, 0),
          minScore: 0.985,
        };
      });
    return context.json(
      schemas.DuplicatesPage.parse({
        groups: groups.filter((group) => group.pictures.length > 1),
        compared: state.pictures.length,
        total: state.pictures.length,
      }),
    );
  });
  app.get('/v1/duplicates/decisions', (context) =>
    context.json(
      schemas.Decisions.parse({
        protected: state.protected,
        preferred: state.preferred,
        notDuplicates: state.notDuplicates,
      }),
    ),
  );
  app.put('/v1/duplicates/folders', async (context) => {
    const wishes = requests.FolderWishes.parse(await context.req.json());
    state.protected = wishes.protected;
    state.preferred = wishes.preferred;
    return context.json(wishes);
  });
  app.post('/v1/duplicates/not', async (context) => {
    const { keys, undo } = requests.NotDuplicates.parse(await context.req.json());
    const name = [...keys].sort();
    state.notDuplicates = state.notDuplicates.filter((each) => each.join() !== name.join());
    if (!undo) state.notDuplicates.push(name);
    return context.json({ keys });
  });

  app.get('/v1/health', (context) =>
    context.json(
      schemas.Health.parse({
        ...(state.reasons.length > 0 ? { status: 'degraded', reasons: state.reasons } : { status: 'ok' }),
        model: 'fake-00000000',
        allows: { uploads: true, deletes: true },
      }),
    ),
  );

  app.get('/v1/stats', (context) =>
    context.json(
      schemas.Stats.parse({
        pictures: state.pictures.length,
        model: {
          id: 'fake-00000000',
          weights: state.synthetic ? 'synthetic' : 'fake',
          precision: 'fp32',
          synthetic: state.synthetic,
        },
        index: {
          generation: 12,
          rows: state.pictures.length + 3,
          deadRows: 3,
          committedAt: WHEN,
        },
        ...state.engine,
        log: { appends: 2, pending: 0 },
        memory: { bytes: state.pictures.length * 8_192, budgetBytes: 2_000_000_000 },
        queue: { waiting: state.waiting, failed: 0 },
        allows: state.allows,
        ...(state.waiting > 0 && {
          indexing: { done: 3_000 - state.waiting, total: 3_000, perSecond: 20 },
        }),
      }),
    ),
  );
}

/** Ends the connection without a word, as a server does that has died. */
function hangUp(server: Server): Response {
  server.closeAllConnections();
  return new Response(null, { status: 500 });
}

/** The same drawing for the same key, so that a picture is known by its looks. */
function pictureOf(context: Context): Promise<Buffer> {
  const key = decodeURIComponent(new URL(context.req.url).pathname).replace(/^\/[^/]+\//, '');
  let sum = 0;
  for (const char of key) sum = (sum * 31 + char.codePointAt(0)!) % 9_973;
  return demoPicture(sum);
}

const webp = (body: Buffer): Response =>
  new Response(new Uint8Array(body), {
    headers: { 'content-type': 'image/webp', 'cache-control': 'max-age=60' },
  });

const problem = (status: number, code: string, title: string, detail: string): Response =>
  Response.json(schemas.Problem.parse({ type: `urn:likeness:problem:${code}`, title, status, detail }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });
