/** Shows a picture in its folder, or opens it with its program: what a page cannot do, and the machine it runs on can. */

import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';
import { problem } from '../functions/search/problems.ts';
import { isPictureKey } from './picture-names.ts';

export const DESKTOP = '/local/desktop';

export type Action = 'show' | 'open';

/** The program of this system that does it, and its arguments; never a shell, which would read a file's name. */
export function commandFor(action: Action, path: string, platform: NodeJS.Platform): [string, string[]] {
  switch (platform) {
    case 'darwin':
      return ['open', action === 'show' ? ['-R', path] : [path]];
    case 'win32':
      return ['explorer.exe', action === 'show' ? [`/select,${path}`] : [path]];
    default:
      return ['xdg-open', [action === 'show' ? dirname(path) : path]];
  }
}

/** Runs a program. @throws when there is none of that name, or it fails */
export type Run = (file: string, args: readonly string[]) => Promise<void>;

const run: Run = (file, args) =>
  new Promise((resolve, reject) => {
    execFile(file, args, (error) => {
      // Explorer ends with 1 when all is well.
      if (error && !(file === 'explorer.exe' && error.code === 1)) reject(error);
      else resolve();
    });
  });

export function desktopRoutes(folder: string, runProgram: Run = run, platform = process.platform): Hono {
  const app = new Hono();
  for (const action of ['show', 'open'] as const) {
    app.post(`${DESKTOP}/${action}`, async (context) => {
      const { key } = (await context.req.json().catch(() => ({}))) as { key?: unknown };
      const path = typeof key === 'string' && isPictureKey(key) ? join(folder, key) : undefined;
      const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
      if (path === undefined || !found?.isFile()) {
        const detail = 'There is no picture of this key in the folder.';
        return problem({ code: 'picture-not-found', status: 404, title: 'No such picture', detail });
      }
      try {
        await runProgram(...commandFor(action, path, platform));
        return context.body(null, 204);
      } catch (error) {
        const detail = `This machine has no program for it: ${(error as Error).message}`;
        return problem({ code: 'internal-error', status: 500, title: 'It cannot be shown here', detail });
      }
    });
  }
  return app;
}
