/** Where downloads, models and other things are kept that can be made again. */

import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };

/** In a clone its own folder; where npm installed the package, npm may delete any file beside it at the next update. */
export const CACHE_FOLDER = cacheFolder(fileURLToPath(import.meta.url));

/** @param file this module, or the bundle that it became part of */
function cacheFolder(file: string): string {
  const isInstalled = file.split(/[\\/]/).includes('node_modules');
  if (isInstalled) return join(userCache(), packageJson.name);
  const isBundled = !file.endsWith('.ts');
  // dist/likeness.js stands one folder below the root; this file, and bundles in folders of dist, two.
  const up = isBundled && /[\\/]dist[\\/][^\\/]*$/.test(file) ? '..' : '../..';
  return join(file, '..', up, '.cache');
}

/** As each system has it. */
function userCache(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  return process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
}
