/** Something to host where the console has not been built. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What the page shows does not matter to a template. */
export function ensureConsole(): void {
  const built = fileURLToPath(new URL('../../dist/console/', import.meta.url));
  if (existsSync(built)) return;
  mkdirSync(built, { recursive: true });
  writeFileSync(`${built}index.html`, '<!doctype html><title>Likeness</title>');
}
