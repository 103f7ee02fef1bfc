/** The HTTP server of one machine: the API, the pictures, the console. */

import { Hono } from 'hono';
import type { ConsoleConfig } from '../console/config.ts';
import { consoleRoutes } from './console-routes.ts';
import { addDemoPictures, demoSource } from './demo-pictures.ts';
import { sameOriginOnly } from './guard.ts';
import { LOCK_PATH } from './lock.ts';
import { type PictureRoutesOptions, pictureRoutes } from './picture-routes.ts';

export interface ServerOptions extends PictureRoutesOptions {
  /** The folder of pictures, for the demonstration ones. */
  readonly folder: string;
  /** What the Lambda function answers on AWS: everything under `/v1`, and the API's description. */
  readonly api: { fetch(request: Request): Response | Promise<Response> };
  readonly lockToken: string;
  /** Folds the log now. */
  readonly compact: () => Promise<object>;
}

const DEMO = '/local/demo';
const COMPACT = '/local/compact';

export function createServer(options: ServerOptions): Hono {
  const app = new Hono();
  app.use(sameOriginOnly());
  for (const path of ['/v1/*', '/openapi.json'])
    app.all(path, (context) => options.api.fetch(context.req.raw));
  app.route('/', pictureRoutes(options));
  app.get(LOCK_PATH, (context) => context.text(options.lockToken));
  app.post(COMPACT, async (context) => context.json(await options.compact()));
  const demo = demoSource();
  if (demo) {
    app.post(DEMO, async (context) =>
      context.json({ pictures: await addDemoPictures(demo, options.folder) }, 202),
    );
  }
  const config: ConsoleConfig = { thumbnails: '/thumbnails/{key}?size={size}', ...(demo && { demo: DEMO }) };
  app.route('/', consoleRoutes(config));
  return app;
}
