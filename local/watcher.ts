/** Watches the folder of pictures and tells which files appeared, changed or went. */

import { relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Logger } from '../vectorlog/logger.ts';
import { isPictureKey, keyOfPath } from './picture-names.ts';

export interface WatcherOptions {
  readonly folder: string;
  /** Has no pictures in it, and is not watched should it stand inside the folder. */
  readonly indexFolder: string;
  /** Called with the key of a file that may have appeared, changed or gone, once it is written to its end. */
  readonly onChange: (key: string) => void;
  readonly logger: Logger;
}

/** A file counts as written when its size has not changed for this long. */
const SETTLED_MS = 300;
const POLL_MS = 100;

/** Starts to watch; resolves when every change from now on will be told. */
export async function watchPictures(options: WatcherOptions): Promise<FSWatcher> {
  const { folder, indexFolder, onChange, logger } = options;
  const keyOf = (path: string) => keyOfPath(relative(folder, path));
  const hidden = (path: string) => /(^|[\\/])\./.test(relative(folder, path));
  const inIndex = (path: string) => path === indexFolder || path.startsWith(indexFolder + sep);
  const watcher = watch(folder, {
    ignoreInitial: true,
    ignored: (path, stats) =>
      hidden(path) || inIndex(path) || (stats?.isFile() === true && !isPictureKey(keyOf(path))),
    awaitWriteFinish: { stabilityThreshold: SETTLED_MS, pollInterval: POLL_MS },
    // As the store does: a link may lead in a circle, or to what its owner did not mean to share.
    followSymlinks: false,
    ignorePermissionErrors: true,
  });
  const tell = (path: string) => {
    if (isPictureKey(keyOf(path))) onChange(keyOf(path));
  };
  watcher.on('add', tell).on('change', tell).on('unlink', tell);
  watcher.on('error', (error) => logger.error(explain(error), { error }));
  await new Promise<void>((ready) => watcher.once('ready', ready));
  return watcher;
}

function explain(error: unknown): string {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  return full
    ? 'the system watches no more files, so some changes are seen at the next start only; ' +
        'raise fs.inotify.max_user_watches to change that'
    : 'watching the folder failed';
}
