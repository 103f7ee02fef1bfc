/** The console's built files, and what it is told about this server. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import type { ConsoleConfig } from '../console/config.ts';

/** Where `npm run setup` puts them: one folder below the root, like this file and the bundle made of it. */
const BUILT = fileURLToPath(new URL('../dist/console', import.meta.url));

/** The page loads nothing from elsewhere, and no other page may frame it. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export function consoleRoutes(config: () => ConsoleConfig): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('content-security-policy', POLICY);
    context.header('x-content-type-options', 'nosniff');
    context.header('referrer-policy', 'no-referrer');
  });
  app.get('/config.json', (context) => context.json(config()));
  if (!existsSync(BUILT)) {
    app.get('/', (context) =>
      context.text('The console is not built; "npm run setup" builds it. The API is at /v1.'),
    );
    return app;
  }
  app.get('*', serveStatic({ root: BUILT }));
  return app;
}
