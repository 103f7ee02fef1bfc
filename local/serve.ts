/** Likeness on one machine: the three handlers over a folder, with a queue, a timer and an HTTP server. */

import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createCompact } from '../functions/compact/handler.ts';
import { createOnUpload } from '../functions/on-upload/handler.ts';
import { createApp } from '../functions/search/app.ts';
import type { Embedder } from '../pictures/embedding/embedder.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import type { Logger } from '../vectorlog/logger.ts';
import { budgetOf, machineBytes } from '../vectorlog/read/memory.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { prefixed } from '../vectorlog/store/prefixed-store.ts';
import { CompactionTimer } from './compaction-timer.ts';
import { compareFolder, type Differences } from './compare.ts';
import { EventQueue } from './event-queue.ts';
import { FolderEvents } from './folder-events.ts';
import { listen } from './listen.ts';
import { IndexLock } from './lock.ts';
import { openPicturesWithTrash } from './picture-folder.ts';
import { PICTURES, UPLOADS } from './picture-routes.ts';
import { urlPathOfKey } from './picture-urls.ts';
import { Sequencer } from './sequencer.ts';
import { createServer } from './server.ts';
import { Thumbnails } from './thumbnails.ts';
import { FailureNotes, Troubles } from './troubles.ts';
import { signUpload } from './uploads.ts';
import { watchPictures } from './watcher.ts';

export interface ServeOptions {
  /** The pictures; nothing in it is changed but by uploads and deletions. */
  readonly folder: string;
  /** @default `.likeness` in the folder */
  readonly indexFolder?: string;
  /** 0 takes any port that is free. */
  readonly port: number;
  readonly embedder: Embedder;
  readonly logger: Logger;
  /** @default 30000 */
  readonly compactEveryMs?: number;
}

export interface Serving {
  /** Where it is served. */
  readonly url: string;
  readonly queue: EventQueue;
  /** Settles when the folder has been compared with the index and the differences are in the queue. */
  readonly compared: Promise<Differences>;
  /** Ends what is at work and lets go of everything. What waits is found again at the next start. */
  stop(): Promise<void>;
}

/** There is no such folder, or it cannot be used. */
export class FolderUnusable extends LikenessError {
  readonly retryable = false;
}

/** How long requests may go on when the server stops. */
const GRACE_MS = 5_000;

/**
 * Serves a folder until it is stopped.
 *
 * @throws FolderUnusable, PortTaken, AlreadyServed
 */
export async function serveFolder(options: ServeOptions): Promise<Serving> {
  const { embedder, logger, port, compactEveryMs = 30_000 } = options;
  const folder = resolve(options.folder);
  const indexFolder = resolve(options.indexFolder ?? join(folder, '.likeness'));
  await assertUsable(folder, indexFolder);

  const clock = systemClock;
  const { pictures, trash } = openPicturesWithTrash(folder, indexFolder);
  const index = openIndex(indexFolder, embedder.model.modelId);
  const troubles = new Troubles(logger);
  const failures = new FailureNotes(logger);
  const queue = new EventQueue({
    handler: createOnUpload({ pictures, index, embedder, clock, logger: failures }),
    clock,
    logger: failures,
    onBatch: ({ failing }) => tellFailing(troubles, failing, failures.last),
  });
  const sequencer = new Sequencer(clock);
  const events = new FolderEvents({ pictures, sequencer, clock, send: (body) => queue.send(body) });
  const compact = createCompact({ index, modelId: embedder.model.modelId, clock, logger });
  const timer = new CompactionTimer({ compact, everyMs: compactEveryMs, logger });
  const thumbnails = new Thumbnails(pictures, join(indexFolder, '.thumbnails'));
  const onChange = (key: string) => {
    events.look(key).catch((error: unknown) => logger.error('a change could not be told', { key, error }));
    thumbnails.forget(key).catch((error: unknown) => logger.warn('old thumbnails stay', { key, error }));
  };

  const lock = new IndexLock(indexFolder);
  let origin = '';
  const api = createApp({
    pictures: tellingDeletions(pictures, onChange),
    index,
    embedder,
    clock,
    logger,
    uploads: { sign: async (request) => signUpload(request, origin + UPLOADS, clock) },
    pictureUrl: async (key) => origin + PICTURES + urlPathOfKey(key),
    queue: async () => ({ waiting: queue.pending, failed: queue.failing }),
    indexing: () => queue.progress,
    troubles: () => [...troubles.all],
    memoryBudgetBytes: budgetOf(machineBytes()),
    trash,
    onRestored: onChange,
    defaultConsistency: 'strong',
  });
  const server = createServer({
    pictures,
    thumbnails,
    onChange,
    api,
    lockToken: lock.token,
    library: { folder, indexFolder, model: embedder.model.modelId },
    logger,
  });
  const listening = await listen((request) => server.fetch(request), port);
  origin = listening.url;
  const stopping: (() => Promise<unknown>)[] = [
    () => listening.close(GRACE_MS),
    () => queue.stop(),
    () => timer.stop(),
    () => lock.release(),
  ];
  const stop = async () => {
    for (const end of stopping.splice(0)) await end();
  };

  try {
    await lock.acquire(origin);
    queue.start();
    timer.start();
    warmUp(embedder, api, logger);
    const watching = watchPictures({ folder, indexFolder, onChange, logger });
    stopping.unshift(async () => (await watching).close());
    // After the watcher is ready, so that no change falls between the two; what both see is told once.
    const compared = watching.then(() => compareFolder({ pictures, index, events, sequencer }));
    return { url: origin, queue, compared, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tellFailing(troubles: Troubles, failing: number, reason: string): void {
  const message = `${failing} changes could not be taken in, and are tried again until they can: ${reason}`;
  if (failing > 0) troubles.begin('indexing-failing', message);
  else troubles.end('indexing-failing', 'the changes that failed are taken in now');
}

/** Tells of deletions at once: the watcher is later, and sees nothing of keys that are not files of the folder. */
const tellingDeletions = (pictures: ObjectStore, onChange: (key: string) => void): ObjectStore => ({
  ...pictures,
  delete: async (keys) => {
    await pictures.delete(keys);
    keys.forEach(onChange);
  },
});

/** Loads model and index while nobody waits for them yet. */
function warmUp(embedder: Embedder, api: { request(path: string): unknown }, logger: Logger): void {
  embedder.warm().catch((error: unknown) => logger.error('the model could not be loaded', { error }));
  void api.request('/v1/stats');
}

/** The index of one model, in its folder. */
export const openIndex = (indexFolder: string, modelId: string): ObjectStore =>
  prefixed(new FileStore(indexFolder), `${modelId}/`);

async function assertUsable(folder: string, indexFolder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined);
  if (!stats?.isDirectory()) throw new FolderUnusable(`there is no folder ${folder}`);
  try {
    await mkdir(indexFolder, { recursive: true });
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new FolderUnusable(`the index cannot be written: ${reason}; choose another place with --index`, {
      cause,
    });
  }
}
