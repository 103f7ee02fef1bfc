/** A folder of pictures and its index, kept the same: watched, compared, and every change taken in. */

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createOnUpload } from '../functions/on-upload/handler.ts';
import { knownFacts } from '../pictures/attributes.ts';
import type { MakeFingerprint } from '../pictures/duplicates/fingerprint.ts';
import { FingerprintWriter } from '../pictures/duplicates/fingerprint-writer.ts';
import type { Embedder } from '../pictures/embedding/embedder.ts';
import type { PutChange } from '../pictures/ingest/change.ts';
import type { Recalled } from '../pictures/ingest/recall-pictures.ts';
import { systemClock } from '../vectorlog/clock.ts';
import type { Entry } from '../vectorlog/log/record.ts';
import type { Logger } from '../vectorlog/logger.ts';
import { mapInParallel } from '../vectorlog/parallel.ts';
import type { LiveIndex } from '../vectorlog/read/live-index.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { compareFolder, type Differences } from './differences.ts';
import { EventQueue } from './event-queue.ts';
import { FolderEvents } from './folder-events.ts';
import { Keeper, within } from './keeper.ts';
import { lastKnown } from './last-known.ts';
import type { Selection } from './library-settings.ts';
import { openPictures, type PictureFolder, type Receive } from './picture-folder.ts';
import { Presence, sampleOf } from './presence.ts';
import { passOverAll, Sequencer } from './sequencer.ts';
import type { FolderTrash } from './trash.ts';
import { FailureNotes, Troubles } from './troubles.ts';
import { type Incomplete, PictureWatcher } from './watcher.ts';

/** A batch of pictures is done by then; what a folder that hangs keeps at work is not waited for. */
const LONGEST_STOP_MS = 20_000;

/** Embeddings of renamed pictures that are read from the index side by side. */
const EMBEDDINGS_AT_ONCE = 16;

/** More files than these that come at once are no single changes, and let what somebody waits for pass. */
const FEW_AT_ONCE = 20;

/** How patient a library is; tests are less so. */
export interface Patience {
  readonly secondLookMs?: number;
  readonly manySecondLookMs?: number;
  readonly lookEveryMs?: number;
  readonly compareEveryMs?: number;
  readonly visibilityMs?: number;
  readonly stopMs?: number;
}

export interface LibraryOptions {
  readonly folder: string;
  readonly indexFolder: string;
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  /** The same, in memory: a picture that was renamed keeps its embedding. */
  readonly live: LiveIndex;
  readonly embedder: Embedder;
  /** Makes what pictures are compared by. */
  readonly fingerprint: MakeFingerprint;
  readonly logger: Logger;
  readonly selection?: Selection;
  /** Takes the folder as it is now, though it is empty, or another one, or most of its pictures are gone. */
  readonly forget?: boolean;
  /** Called with each picture that may have changed. */
  readonly onChange: (key: string) => void;
  /** Called when a comparison is done, before what differs is taken in. */
  readonly onCompared?: (differences: Differences) => void;
  readonly patience?: Patience;
}

export interface OpenLibrary {
  /** Tells of what is written and deleted through it at once. */
  readonly pictures: ObjectStore;
  /** Whoever calls it tells of what was written by `look`. */
  readonly receive: Receive;
  readonly placeFor: PictureFolder['placeFor'];
  readonly trash: FolderTrash;
  readonly queue: EventQueue;
  readonly troubles: Troubles;
  /** Settles when folder and index were compared for the first time. Never rejects. */
  readonly compared: Promise<Differences>;
  /** Looks at a picture that was written. */
  readonly look: (key: string) => void;
  start(): void;
  /** Resolves when the first comparison is done, nothing waits for a second look, and all is taken in. */
  idle(): Promise<void>;
  /** Ends what is at work. */
  stop(): Promise<void>;
}

export function openLibrary(options: LibraryOptions): OpenLibrary {
  const { folder, indexFolder, index, live, embedder, logger, patience = {} } = options;
  const clock = systemClock;
  const troubles = new Troubles(logger);
  const failures = new FailureNotes(logger);
  let everCompared = false;
  const presence = new Presence({
    folder,
    indexFolder,
    known: {
      any: (prefix) => (everCompared ? events.knowsAny(prefix) : undefined),
      sample: (prefix) => sampleOf(index, prefix),
    },
    onOther: () => keeper.watchAnew(),
  });
  const { pictures, receive, placeFor, trash, isLeftAlone, passedOver } = openPictures({
    folder,
    indexFolder,
    presence,
    ...(options.selection && { selection: options.selection }),
    onMount: (key) => watcher?.lookAt(key),
    known: lastKnown(live),
  });
  const fingerprints = new FingerprintWriter(index, clock, logger, options.fingerprint);
  const queue = new EventQueue({
    handler: createOnUpload({
      onEmbedded: async (picture, file, header) => {
        await fingerprints.add(picture, file, header);
      },
      pictures,
      index,
      embedder,
      clock,
      logger: failures,
      versions: false,
      recall: (changes) => recallFrom(live, changes, (key, eTag) => events.movedFrom(key, eTag)),
    }),
    clock,
    logger: failures,
    ...(patience.visibilityMs && { visibilityMs: patience.visibilityMs }),
    onBatch: ({ failing }) => {
      // Nothing follows soon: what was made is of use now.
      if (queue.pending === 0)
        void fingerprints
          .flush()
          .catch((error: unknown) => logger.info('fingerprints are not kept', { error }));
      const wasFailing = troubles.has('indexing-failing');
      tellFailing(troubles, failing, failures.last);
      // What else was missed in that time is found by looking.
      if (wasFailing && failing === 0) keeper.compareSoon();
    },
  });
  const sequencer = new Sequencer(clock);
  // An index that cannot be read now is read by the comparison, which is tried again until it succeeds.
  const ready = passOverAll(sequencer, index, (key, eTag) => events.remember(key, eTag)).catch(
    (error: unknown) => logger.info('the versions are not known yet', { error }),
  );
  const events: FolderEvents = new FolderEvents({
    pictures,
    sequencer,
    ready,
    clock,
    send: (body, urgency, effort) => queue.send(body, urgency, effort),
    room: (urgency, places) => queue.room(urgency, places),
    ...(patience.secondLookMs && { secondLookMs: patience.secondLookMs }),
    ...(patience.manySecondLookMs && { manySecondLookMs: patience.manySecondLookMs }),
    onMany: (missed) => tellMany(troubles, missed),
    isSearching: () => watcher?.isWalking === true || watched > 0,
  });
  /** What a look could not tell, the next comparison finds. */
  const told = (look: Promise<void>) => look.catch((error: unknown) => logger.info('not told', { error }));
  const onChange = (key: string) => {
    void told(events.look(key));
    options.onChange(key);
  };
  /** Files that came, and are not looked at yet. */
  let watched = 0;
  /** One that comes is looked at now; of many, an upload does not wait for. */
  const onWatched = (key: string) => {
    const urgency = watched + queue.urgent < FEW_AT_ONCE ? 'now' : 'in-time';
    watched++;
    void told(events.look(key, urgency)).finally(() => watched--);
    options.onChange(key);
  };
  let watcher: PictureWatcher | undefined;
  const watch = async () => {
    let isWhole = true;
    const opened = await PictureWatcher.open({
      folder,
      isLeftAlone,
      onChange: onWatched,
      onFolderGone: (prefix) => void told(events.lookBelow(prefix)),
      onIncomplete: (reason) => {
        if (reason === 'limit') {
          isWhole = false;
          troubles.begin('watching-incomplete', UNSEEN.limit);
        } else troubles.note(UNSEEN.flood);
        keeper.compareSoon();
      },
      onLost: () => keeper.watchAnew(),
      isKnown: (key) => events.knows(key),
      isKnownState: (eTag) => events.knowsState(eTag),
    });
    watcher = opened;
    if (isWhole) troubles.end('watching-incomplete', 'every folder is watched');
    return async () => opened.close();
  };
  const keeper = new Keeper({
    presence,
    watch,
    compare: async (signal) => {
      const insisted = options.forget === true && !everCompared;
      events.insisted = insisted;
      presence.insisted = insisted;
      const isBusy = () => queue.pending > queue.failing;
      const isReadable = (key: string) =>
        access(join(folder, key), constants.R_OK).then(
          () => true,
          () => false,
        );
      await trash
        .recover()
        .catch((error: unknown) => logger.info('the trash holds what nobody could decide on yet', { error }));
      const deps = { pictures, index, events, sequencer, isReadable, isBusy, signal };
      const differences = await compareFolder(deps, (found) => options.onCompared?.(found));
      if (insisted) await events.settled();
      presence.insisted = false;
      events.insisted = false;
      everCompared = true;
      return differences;
    },
    passedOver,
    troubles,
    clock,
    ...(patience.lookEveryMs && { lookEveryMs: patience.lookEveryMs }),
    ...(patience.compareEveryMs && { compareEveryMs: patience.compareEveryMs }),
  });
  presence.insisted = options.forget === true;

  return {
    pictures: tellingDeletions(pictures, (key) => {
      void told(events.deleted(key));
      options.onChange(key);
    }),
    receive,
    placeFor,
    trash,
    queue,
    look: onChange,
    troubles,
    compared: keeper.compared,
    start: () => {
      queue.start();
      keeper.start();
    },
    idle: async () => {
      await keeper.compared;
      await events.settled();
      await queue.drained();
    },
    stop: async () => {
      await within(Promise.all([keeper.stop(), events.stop(), queue.stop()]), LONGEST_STOP_MS);
      await fingerprints
        .flush()
        .catch((error: unknown) => logger.info('fingerprints are not kept', { error }));
    },
  };
}

/** What the index knows of pictures under the names that they had before, all of one state of it. */
async function recallFrom(
  live: LiveIndex,
  changes: readonly PutChange[],
  movedFrom: (key: string, eTag: string) => string | undefined,
): Promise<ReadonlyMap<PutChange, Recalled>> {
  const recalled = new Map<PutChange, Recalled>();
  const moved = changes.flatMap((change) => {
    const from = movedFrom(change.key, change.eTag);
    return from === undefined ? [] : [{ change, from }];
  });
  if (moved.length === 0) return recalled;
  await live.read('strong', async (view) => {
    await mapInParallel(EMBEDDINGS_AT_ONCE, moved, async ({ change, from }) => {
      const entry = view.find(from);
      const embedding = entry?.eTag === change.eTag ? await view.embedding(from) : undefined;
      const facts = entry && factsOf(entry);
      // The index may use its memory again once the view is let go.
      if (embedding && facts) recalled.set(change, { embedding: embedding.slice(), facts });
    });
  });
  return recalled;
}

/** What is known of the picture itself; an entry of an older version may lack it, and then it is looked at again. */
function factsOf(entry: Entry): Recalled['facts'] {
  const { width, height, ...others } = knownFacts(entry);
  return width === undefined || height === undefined ? undefined : { width, height, ...others };
}

const UNSEEN: Readonly<Record<Incomplete, string>> = {
  limit:
    'the system watches no more folders, so some changes are seen only when folder and index are compared, every ' +
    'quarter of an hour; raise fs.inotify.max_user_watches to change that',
  flood: 'so much changed at once that some of it may have gone unseen; folder and index are compared',
};

function tellFailing(troubles: Troubles, failing: number, reason: string): void {
  const message = `${failing} changes could not be taken in, and are tried again until they can: ${reason}`;
  if (failing > 0) troubles.begin('indexing-failing', message);
  else troubles.end('indexing-failing', 'the changes that failed are taken in now');
}

function tellMany(troubles: Troubles, missed: number): void {
  const message = `${missed} pictures are missed at once; should they stay away for a minute, they are forgotten`;
  if (missed > 0) troubles.begin('deletions-held', message);
  else troubles.end('deletions-held', 'what was missed is there again, or forgotten');
}

/** Tells of deletions at once: the watcher is later, and sees nothing of keys that are not files of the folder. */
const tellingDeletions = (pictures: ObjectStore, onDeleted: (key: string) => void): ObjectStore => ({
  ...pictures,
  delete: async (keys) => {
    await pictures.delete(keys);
    keys.forEach(onDeleted);
  },
});
