/** Likeness on one machine: the three handlers over a folder, with a queue, a timer and an HTTP server. */

import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createCompact } from '../functions/compact/handler.ts';
import { createApp } from '../functions/search/app.ts';
import { SEARCH_LIMITS } from '../functions/search/limits.ts';
import type { PictureDecoder } from '../pictures/decoding/decoder.ts';
import { dimensionsOf } from '../pictures/dimensions.ts';
import { Comparers } from '../pictures/duplicates/comparers.ts';
import { fingerprintMaker } from '../pictures/duplicates/fingerprint.ts';
import { dropFingerprints } from '../pictures/duplicates/fingerprint-writer.ts';
import type { Embedder } from '../pictures/embedding/embedder.ts';
import { forgetMissingDecoders } from '../pictures/ingest/rejections.ts';
import { THUMBNAIL } from '../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../vectorlog/clock.ts';
import { FOLDER_LOG_LIMITS } from '../vectorlog/commit/limits.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import type { Logger } from '../vectorlog/logger.ts';
import { LiveIndex } from '../vectorlog/read/live-index.ts';
import { budgetOf, machineBytes } from '../vectorlog/read/memory.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { prefixed } from '../vectorlog/store/prefixed-store.ts';
import { probe } from '../vectorlog/store/probe.ts';
import { currentCaller } from './caller.ts';
import { CompactionTimer } from './compaction-timer.ts';
import type { Differences } from './differences.ts';
import type { EventQueue } from './event-queue.ts';
import { within } from './keeper.ts';
import { openLibrary, type Patience } from './library.ts';
import { keepSelection, type Selection } from './library-settings.ts';
import { listen } from './listen.ts';
import { IndexLock } from './lock.ts';
import { patience, patientStore } from './patient-store.ts';
import { PICTURES, THUMBNAILS } from './picture-routes.ts';
import { urlPathOfKey } from './picture-urls.ts';
import { wasSeen } from './presence.ts';
import { createServer } from './server.ts';
import { Thumbnails } from './thumbnails.ts';
import type { Troubles } from './troubles.ts';
import { UploadSigner } from './uploads.ts';

export interface ServeOptions {
  /** The pictures; nothing in it is changed but by uploads and deletions. */
  readonly folder: string;
  /** @default `.likeness` in the folder */
  readonly indexFolder?: string;
  /** 0 takes any port that is free. */
  readonly port: number;
  /** An address of this machine on which other devices are let in with a token; 0.0.0.0 for all of them. @default none */
  readonly host?: string;
  readonly embedder: Embedder;
  /** Decodes for thumbnails: the embedder's own, so that both share one bound of memory. */
  readonly decoder: PictureDecoder;
  readonly logger: Logger;
  /** @default 30000 */
  readonly compactEveryMs?: number;
  /** Files to leave alone, and files to take in all the same; kept with the index until others are given. */
  readonly selection?: Selection;
  /** Takes the folder as it is now, though it is empty, or another one, or most of its pictures are gone. */
  readonly forget?: boolean;
  /** Called when a comparison is done, before what differs is taken in. */
  readonly onCompared?: (differences: Differences) => void;
  readonly patience?: Patience;
}

export interface Serving {
  /** Where it is served on this machine. */
  readonly url: string;
  /** What other devices open, token included. Empty unless a host was given. */
  readonly invitations: readonly string[];
  readonly queue: EventQueue;
  readonly troubles: Troubles;
  /** Settles when the folder was compared with the index for the first time and the differences are in the queue. */
  readonly compared: Promise<Differences>;
  /** Resolves when the first comparison is done, nothing waits for a second look, and all is taken in. */
  idle(): Promise<void>;
  /**
   * Ends what is at work and lets go of everything. What waits is found again at the next start. Resolves within half a
   * minute, whatever a file system does: what hangs is left behind.
   */
  stop(): Promise<void>;
}

/** There is no such folder, or it cannot be used. */
export class FolderUnusable extends LikenessError {
  readonly retryable = false;
}

/** How long a start waits for the folder. */
const ANSWER_MS = 10_000;

/** How long requests may go on when the server stops. */
const GRACE_MS = 5_000;

/** What has not ended by then never will: a file system does not answer. All that was acknowledged is on disk. */
const LONGEST_STOP_MS = 30_000;

/**
 * Serves a folder until it is stopped.
 *
 * @throws FolderUnusable, PortTaken, AddressUnusable, AlreadyServed
 */
export async function serveFolder(options: ServeOptions): Promise<Serving> {
  const { embedder, decoder, logger, port, compactEveryMs = 30_000 } = options;
  const folder = resolve(options.folder);
  const indexFolder = resolve(options.indexFolder ?? join(folder, '.likeness'));
  await assertUsable(folder, indexFolder);

  const clock = systemClock;
  const indexFiles = new FileStore(indexFolder, { growsInPlace: true });
  const namespace = `${embedder.model.modelId}/`;
  const index = prefixed(indexFiles, namespace);
  if (decoder.optional.length > 0) await forgetMissingDecoders(index);
  const selection = await keepSelection(indexFolder, options.selection);
  const memoryBudgetBytes = budgetOf(machineBytes());
  const live = new LiveIndex({
    // On a share that hangs it is unavailable, and nobody waits for ever.
    store: patientStore(index, patience(`the index in ${indexFolder}`)),
    clock,
    logger,
    dimensions: dimensionsOf(embedder.model.modelId),
    budgetBytes: memoryBudgetBytes,
    patienceMs: SEARCH_LIMITS.loadingPatienceMs,
  });
  const comparers = new Comparers();
  const fingerprint = fingerprintMaker(decoder, (pixels) => comparers.describe(pixels));
  const library = openLibrary({
    fingerprint,
    folder,
    indexFolder,
    index,
    live,
    embedder,
    logger,
    selection,
    ...(options.forget && { forget: true }),
    ...(options.onCompared && { onCompared: options.onCompared }),
    ...(options.patience && { patience: options.patience }),
    onChange: (key) =>
      void thumbnails
        .forget(key)
        .catch((error: unknown) => logger.info('old thumbnails stay', { key, error })),
  });
  const { pictures, receive, placeFor, trash, queue, troubles } = library;
  const thumbnails = new Thumbnails(pictures, join(indexFolder, '.thumbnails'), decoder);
  const compact = createCompact({
    index,
    modelId: embedder.model.modelId,
    clock,
    logger,
    limits: FOLDER_LOG_LIMITS,
    onDropped: dropFingerprints(index, clock, logger),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(indexFolder);
      return bavail * bsize;
    },
    grows: (file, bytes) => indexFiles.grows(namespace + file, bytes),
  });
  const compactOrSay = async () => {
    try {
      const report = await compact();
      troubles.end('compaction-failing', 'the log is folded into the index again');
      return report;
    } catch (error) {
      troubles.begin('compaction-failing', (error as Error).message);
      throw error;
    }
  };
  const timer = new CompactionTimer({ compact: compactOrSay, everyMs: compactEveryMs, logger });

  const lock = new IndexLock(indexFolder);
  const signer = new UploadSigner(clock);
  let ownOrigin = '';
  // Another device knows the server by another address than this machine does.
  const origin = () => currentCaller()?.origin ?? ownOrigin;
  const token = options.host === undefined ? undefined : randomBytes(16).toString('base64url');
  const api = createApp({
    fingerprint,
    comparers,
    pictures,
    index,
    embedder,
    clock,
    logger,
    uploads: { sign: async (request) => signer.sign(request, origin()) },
    pictureUrl: async (key) => origin() + PICTURES + urlPathOfKey(key),
    thumbnailUrl: async ({ key, lastModified }) =>
      `${origin()}${THUMBNAILS}${urlPathOfKey(key)}?size=${THUMBNAIL.side}&v=${Date.parse(lastModified)}`,
    queue: async () => ({ waiting: queue.pending, failed: queue.failing }),
    indexing: () => queue.progress,
    troubles: () => [...troubles.all],
    memoryBudgetBytes,
    live,
    trash,
    onRestored: library.look,
    defaultConsistency: 'strong',
  });
  const server = createServer({
    pictures,
    receive,
    placeFor,
    thumbnails,
    signer,
    decoder,
    onChange: library.look,
    api,
    lockToken: lock.token,
    ...(token !== undefined && { token }),
    library: { folder, indexFolder, model: embedder.model.modelId },
    logger,
  });
  const listening = await listen((request, env) => server.fetch(request, env), port, options.host);
  ownOrigin = listening.url;
  const stopping: (() => Promise<unknown>)[] = [
    () => listening.close(GRACE_MS),
    () => library.stop(),
    () => comparers.stop(),
    () => timer.stop(),
    () => indexFiles.handOver(),
    () => lock.release(),
  ];
  const stop = async () => {
    const all = async () => {
      for (const end of stopping.splice(0))
        await end().catch((error: unknown) => logger.info('something did not end well', { error }));
    };
    await within(all(), options.patience?.stopMs ?? LONGEST_STOP_MS);
  };

  try {
    await lock.acquire(ownOrigin);
    await assertSuitable(index, indexFolder);
    library.start();
    timer.start();
    warmUp(embedder, api, logger);
    const invitations = listening.elsewhere.map((each) => `${each}/?token=${token}`);
    return {
      url: ownOrigin,
      invitations,
      queue,
      troubles,
      compared: library.compared,
      idle: library.idle,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Loads model and index while nobody waits for them yet. */
function warmUp(embedder: Embedder, api: { request(path: string): unknown }, logger: Logger): void {
  embedder.warm().catch((error: unknown) => logger.error('the model could not be loaded', { error }));
  void api.request('/v1/stats');
}

async function assertUsable(folder: string, indexFolder: string): Promise<void> {
  const stats = await within(
    stat(folder).catch(() => undefined),
    ANSWER_MS,
  );
  // A folder that was served before may be on a disk that comes back, or on a share that answers again; its index says so.
  const awaited = stats === undefined && (await wasSeen(indexFolder));
  if (!stats?.isDirectory() && !awaited)
    throw new FolderUnusable(`there is no folder ${folder}, or it does not answer`);
  const mine = join(indexFolder, `.writable.${process.pid}`);
  try {
    await mkdir(indexFolder, { recursive: true });
    await writeFile(mine, '');
    await rm(mine);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new FolderUnusable(`the index cannot be written: ${reason}; choose another place with --index`, {
      cause,
    });
  }
}

/**
 * Tries out whether the index's file system keeps the promises that the index builds on, before anything is built on it.
 *
 * @throws FolderUnusable
 */
async function assertSuitable(index: ObjectStore, indexFolder: string): Promise<void> {
  try {
    await probe(index);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new FolderUnusable(
      `${indexFolder} cannot hold an index: ${reason}; choose another place with --index`,
      { cause },
    );
  }
}
