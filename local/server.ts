/** The HTTP server of one machine: the API, the pictures, the console. */

import { Hono } from 'hono';
import type { ConsoleConfig } from '../console/config.ts';
import { problem } from '../functions/search/problems.ts';
import { DecodingFailed } from '../pictures/decoding/errors.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import type { Logger } from '../vectorlog/logger.ts';
import { KeyInvalid } from '../vectorlog/store/errors.ts';
import { currentCaller } from './caller.ts';
import { consoleRoutes } from './console-routes.ts';
import { addPictures, demoPictures } from './demo-pictures.ts';
import { DESKTOP, desktopRoutes } from './desktop.ts';
import { guard } from './guard.ts';
import { Line, NobodyWaits, Overloaded } from './line.ts';
import { LOCK_PATH } from './lock.ts';
import { KeyBlocked } from './picture-folder.ts';
import { keyOfPath } from './picture-names.ts';
import { type PictureRoutesOptions, pictureRoutes, UploadIncomplete } from './picture-routes.ts';

export interface ServerOptions extends PictureRoutesOptions {
  /** What the Lambda function answers on AWS: everything under `/v1`, and the API's description. */
  readonly api: { fetch(request: Request): Response | Promise<Response> };
  readonly lockToken: string;
  /** The path of the file that a picture is to be. @throws KeyBlocked, FolderAway */
  readonly placeFor: (key: string) => Promise<string>;
  /** Other devices that show it are let in. @default none are */
  readonly token?: string;
  readonly library: Library;
  readonly logger: Logger;
}

/** What is served, for commands that work on the same files. */
export interface Library {
  readonly folder: string;
  readonly indexFolder: string;
  /** The model's id. */
  readonly model: string;
}

export const LIBRARY_PATH = '/local/library';
const DEMO = '/local/demo';

/** Searches of one kind at once: a few keep both the network and the scan busy, more only share the same cores. */
const SEARCHES_AT_ONCE = 4;
/** Those that wait, however quick searches are. */
const SEARCHES_WAITING = 32;
/** Nobody waits longer for its turn: who asks again later is better off than in a line that does not move. */
const SEARCHES_WAIT_MS = 2_000;

export function createServer(options: ServerOptions): Hono {
  const app = new Hono();
  // First, so that what is refused has them too.
  app.use(async (context, next) => {
    await next();
    context.header('x-content-type-options', 'nosniff');
    const { headers } = context.res;
    if (!headers.has('content-security-policy'))
      context.header('content-security-policy', "frame-ancestors 'none'");
  });
  app.use(guard(options.token));
  // Other devices neither open programs on this machine nor learn where its files are.
  app.use('/local/*', async (_context, next) => (currentCaller()?.here === false ? notFromHere() : next()));
  // A line each: what only compares rows does not wait behind pictures that are embedded, nor behind duplicates.
  for (const path of ['/v1/search', '/v1/images/:key{.+}/similar', '/v1/duplicates']) {
    const line = new Line({
      atOnce: SEARCHES_AT_ONCE,
      maxWaiting: SEARCHES_WAITING,
      maxWaitMs: SEARCHES_WAIT_MS,
      of: 'searches',
    });
    app.all(path, ({ req: { raw } }) => line.run(async () => options.api.fetch(raw), raw.signal));
  }
  for (const path of ['/v1/*', '/openapi.json'])
    app.all(path, (context) => options.api.fetch(context.req.raw));
  app.route('/', pictureRoutes(options));
  app.get(LOCK_PATH, (context) => context.text(options.lockToken));
  app.get(LIBRARY_PATH, (context) => context.json(options.library));
  // Answered before the pictures are there: writing them beside the indexing of the first takes a while.
  app.post(DEMO, async (context) => {
    const pictures = await demoPictures();
    // Whether any can be written is known before.
    const [first] = pictures.keys();
    if (first !== undefined) await options.placeFor(keyOfPath(first));
    addPictures(pictures, options.placeFor).catch((error: unknown) =>
      options.logger.error('the demo pictures could not be added', { error }),
    );
    return context.json({ pictures: pictures.size }, 202);
  });
  app.route('/', desktopRoutes(options.library.folder));
  const config = (): ConsoleConfig => ({
    thumbnails: '/thumbnails/{key}?size={size}',
    ...(currentCaller()?.here !== false && { desktop: DESKTOP, demo: DEMO }),
  });
  app.route('/', consoleRoutes(config));
  app.onError((error, context) => {
    if (error instanceof DecodingFailed) options.logger.warn('a picture could not be decoded now', { error });
    // Of a caller that has left, nobody needs to know.
    if (!(error instanceof LikenessError) && !context.req.raw.signal.aborted)
      options.logger.error('a request failed', { error });
    return problemOf(error);
  });
  return app;
}

const notFromHere = (): Response =>
  problem({
    code: 'forbidden',
    status: 403,
    title: 'Only on the machine itself',
    detail: 'This works only in a browser on the machine that serves the pictures.',
  });

/** Whether a message may name a place on this machine. */
const hasPath = (message: string): boolean => /[/\\]/.test(message);

function problemOf(error: Error): Response {
  const { message } = error;
  // Where things are on this machine is nothing to other devices.
  const detail =
    currentCaller()?.here === false && hasPath(message) ? 'The log of the server says more.' : message;
  if (error instanceof Overloaded || error instanceof NobodyWaits) {
    const retryAfter = error instanceof Overloaded ? Math.max(1, Math.ceil(error.retryAfterMs / 1_000)) : 1;
    return problem({ code: 'overloaded', status: 503, title: 'Too much at once', detail, retryAfter });
  }
  if (error instanceof UploadIncomplete)
    return problem({ code: 'invalid-request', status: 400, title: 'Not what was signed', detail });
  if (error instanceof KeyInvalid || error instanceof KeyBlocked)
    return problem({ code: 'invalid-request', status: 400, title: 'The key cannot be a file', detail });
  if (error instanceof DecodingFailed)
    return problem({ code: 'picture-not-decoded', status: 503, title: 'Not decoded now', detail });
  if (error instanceof LikenessError)
    return problem({ code: 'store-unavailable', status: 503, title: 'The folder failed', detail });
  return problem({ code: 'internal-error', status: 500, title: 'A fault of the server', detail });
}
