/** The HTTP API, the same on Lambda and on one machine. */

import { OpenAPIHono, type z } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { DecodingFailed } from '../../pictures/decoding/errors.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { Verifier } from '../../pictures/duplicates/verifier.ts';
import { FarReader } from '../../vectorlog/far/far-reader.ts';
import { CenteredIndex } from '../../vectorlog/read/centered.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { SearchDependencies } from './dependencies.ts';
import { duplicates, getDecisions, postNotDuplicates, putFolders } from './duplicates.ts';
import { Engine } from './engine.ts';
import { folders, foldersRoute } from './folders.ts';
import { routePath } from './key-path.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { map, mapRoute } from './map.ts';
import { metadata, metadataRoute } from './metadata.ts';
import { createUpload, deleteImage, getImage, listImages, listRejected } from './pictures.ts';
import { ApiProblem, problemOf, respond } from './problems.ts';
import * as routes from './routes.ts';
import { sample, sampleRoute } from './sample.ts';
import { search, similar } from './search.ts';
import { health, stats } from './status.ts';
import { thumbnails, thumbnailsRoute } from './thumbnails.ts';
import { emptyTrash, emptyTrashRoute, listTrash, listTrashRoute, restore, restoreRoute } from './trash.ts';

/**
 * @example
 * const app = createApp(dependencies);
 * const response = await app.request('/v1/health');
 */
export function createApp(dependencies: SearchDependencies): OpenAPIHono {
  const { index: store, clock, logger, memoryBudgetBytes: budgetBytes } = dependencies;
  const patienceMs = SEARCH_LIMITS.loadingPatienceMs;
  const live =
    dependencies.live ??
    new LiveIndex({ store, clock, logger, dimensions: DIMENSIONS, budgetBytes, patienceMs });
  const verdicts = new Verifier(store, clock);
  const centered = new CenteredIndex(DIMENSIONS, budgetBytes);
  const { far } = dependencies;
  const reader = far && new FarReader({ store, far, clock, logger, dimensions: DIMENSIONS });
  const context = { ...dependencies, live, verdicts, centered, engine: new Engine(live, reader) };

  const app = new OpenAPIHono({
    getPath: routePath,
    defaultHook: (result) => (result.success ? undefined : respond(invalid(result.target, result.error))),
  });

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
  });
  app.use(bodyLimit({ maxSize: SEARCH_LIMITS.maxBodyBytes, onError: () => respond(tooLarge()) }));
  app.use(async (c, next) => {
    // The framework keeps the text that is read here for whoever parses it.
    const isJson = c.req.header('content-type')?.includes('json');
    if (isJson && isDeeperThan(SEARCH_LIMITS.maxDepth, await c.req.text())) return respond(tooDeep());
    return next();
  });

  app.openapi(routes.search, search(context));
  app.openapi(routes.similar, similar(context));
  app.openapi(routes.listImages, listImages(context));
  app.openapi(routes.getImage, getImage(context));
  app.openapi(routes.deleteImage, deleteImage(context));
  app.openapi(routes.createUpload, createUpload(context));
  app.openapi(routes.listRejected, listRejected(context));
  app.openapi(routes.duplicates, duplicates(context));
  app.openapi(foldersRoute, folders(context));
  app.openapi(metadataRoute, metadata(context));
  app.openapi(sampleRoute, sample(context));
  app.openapi(mapRoute, map(context));
  app.openapi(thumbnailsRoute, thumbnails(context));
  app.openapi(routes.getDecisions, getDecisions(context));
  app.openapi(routes.putFolders, putFolders(context));
  app.openapi(routes.postNotDuplicates, postNotDuplicates(context));
  app.openapi(listTrashRoute, listTrash(context));
  app.openapi(restoreRoute, restore(context));
  app.openapi(emptyTrashRoute, emptyTrash(context));
  app.openapi(routes.stats, stats(context));
  app.openapi(routes.health, health(context));
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Likeness',
      version: '1',
      description: 'Image similarity search that lives in your own AWS account.',
    },
  });

  app.notFound((c) => respond(unknownAddress(c.req.method, c.req.path)));
  app.onError((error) => {
    // What it was that failed helps nobody but the operator.
    if (error instanceof DecodingFailed) logger.warn('a picture could not be decoded now', { error });
    const problem = problemOf(error, far !== undefined);
    if (problem) return respond(problem);
    const requestId = clock.ulid();
    logger.error('a request failed', { requestId, error });
    const detail =
      'This is a fault of the server, not of the request. Its log says more under this requestId.';
    return respond(new ApiProblem('internal-error', detail, { requestId }));
  });
  return app;
}

/** Of every answer: it is of this moment, and no page may frame it or take it for something else. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/** What the framework calls the parts of a request, in the words of callers. */
const PARTS: Readonly<Record<string, string>> = { param: 'path', json: 'body' };

/** What is wrong with a request, thing by thing. */
function invalid(target: string, { issues }: z.ZodError): ApiProblem {
  const { maxErrors, maxErrorLength } = SEARCH_LIMITS;
  const errors = issues.slice(0, maxErrors).map(({ path, message }) => ({
    at: [PARTS[target] ?? target, ...path].join('.').slice(0, maxErrorLength),
    message: message.slice(0, maxErrorLength),
  }));
  return new ApiProblem('invalid-request', errors.map(({ at, message }) => `${at}: ${message}`).join('; '), {
    errors,
  });
}

const tooLarge = () =>
  new ApiProblem(
    'body-too-large',
    `A body has at most ${SEARCH_LIMITS.maxBodyBytes} bytes. Send a smaller copy: a picture of 500 pixels on its shorter side finds the same.`,
  );

const tooDeep = () =>
  new ApiProblem('invalid-request', `JSON is nested at most ${SEARCH_LIMITS.maxDepth} levels deep here.`);

/**
 * Whether JSON is nested deeper than `most`. Millions of open brackets keep a parser busy for half a second, and a look at each
 * character for a few milliseconds.
 */
function isDeeperThan(most: number, json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') {
      if (++depth > most) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
}

const unknownAddress = (method: string, path: string) =>
  new ApiProblem(
    'route-not-found',
    `${method} ${path} is not part of the API; GET /openapi.json says what is.`,
  );
