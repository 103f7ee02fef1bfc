/** What every server of the API has around its routes: limits, headers, and errors as problem documents. */

import { OpenAPIHono, type z } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { DecodingFailed } from '../../pictures/decoding/errors.ts';
import { ModelUnusable } from '../../pictures/embedding/embedder.ts';
import { ObjectOutOfReach, StoreUnsuitable } from '../../vectorlog/store/errors.ts';
import type { SearchDependencies } from './dependencies.ts';
import { routePath } from './key-path.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { ApiProblem, problemOf, respond } from './problems.ts';

/** An API that has no route yet. @param isFar whether searches have the far index */
export function newApi({
  clock,
  logger,
  isFar = false,
}: Pick<SearchDependencies, 'clock' | 'logger'> & { readonly isFar?: boolean }): OpenAPIHono {
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
    const excess = isJson ? excessOf(await c.req.text()) : undefined;
    return excess === undefined ? next() : respond(new ApiProblem('invalid-request', excess));
  });

  app.notFound((c) => respond(unknownAddress(c.req.method, c.req.path)));
  app.onError((error) => {
    // What it was that failed helps nobody but the operator.
    if (error instanceof DecodingFailed) logger.warn('a picture could not be decoded now', { error });
    if (
      error instanceof ModelUnusable ||
      error instanceof StoreUnsuitable ||
      error instanceof ObjectOutOfReach
    )
      logger.error('the server cannot do what was asked as it is set up', { error });
    const problem = problemOf(error, isFar);
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

/**
 * What JSON has too much of. Millions of open brackets, of empty objects, of names or of elements keep a parser busy for a
 * quarter of a second and more, and a look at each character for a few milliseconds.
 */
function excessOf(json: string): string | undefined {
  const { maxDepth, maxNames, maxLists, maxCommas } = SEARCH_LIMITS;
  let depth = 0;
  let names = 0;
  let lists = 0;
  let commas = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') {
      if (++depth > maxDepth) return `JSON is nested at most ${maxDepth} levels deep here.`;
      if (++lists > maxLists) return `JSON has at most ${maxLists} lists and objects here.`;
    } else if (character === ']' || character === '}') depth--;
    else if (character === ',' && ++commas > maxCommas) return `JSON has at most ${maxCommas} elements here.`;
    else if (character === ':' && ++names > maxNames) return `JSON has at most ${maxNames} names here.`;
  }
  return undefined;
}

const unknownAddress = (method: string, path: string) =>
  new ApiProblem(
    'route-not-found',
    `${method} ${path} is not part of the API; GET /openapi.json says what is.`,
  );
