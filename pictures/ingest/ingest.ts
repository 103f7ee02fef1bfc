/** From a batch of messages to one append: what on-upload does. */

import type { Clock } from '../../vectorlog/clock.ts';
import { assertAppendable } from '../../vectorlog/commit/appendable.ts';
import type { Origin } from '../../vectorlog/commit/manifest.ts';
import { writeAppend } from '../../vectorlog/log/append-log.ts';
import { ABSENT, type LogRecord } from '../../vectorlog/log/record.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { StoreUnsuitable } from '../../vectorlog/store/errors.ts';
import { lookUp, type ObjectStore } from '../../vectorlog/store/object-store.ts';
import { attributesOf } from '../attributes.ts';
import type { PictureRejected, RejectionCode } from '../decoding/errors.ts';
import { dimensionsOf } from '../dimensions.ts';
import { belongs, type PictureFilter } from '../picture-names.ts';
import {
  type Change,
  isFolderMarker,
  type LookChange,
  type PutChange,
  type Request,
  type ThumbnailChange,
} from './change.ts';
import {
  type Embedded,
  type EmbedPicturesDeps,
  embedPictures,
  type PictureOutcome,
} from './embed-pictures.ts';
import { type Deadlines, inTime, untilLate } from './in-time.ts';
import { embedOneByOne } from './in-work.ts';
import { decodeMessage, MessageUnreadable } from './messages.ts';
import { type RecallDeps, recallPictures } from './recall-pictures.ts';
import {
  readRejection,
  rejectedNames,
  rejectionName,
  removeRejection,
  writeRejection,
} from './rejections.ts';
import { makeThumbnail, writeThumbnails } from './thumbnails.ts';

export interface IngestDeps extends EmbedPicturesDeps, RecallDeps {
  readonly pictures: ObjectStore;
  /** The index store, in the namespace of the embedder's model. */
  readonly index: ObjectStore;
  /** The names of index and pictures, where they have any; an index of others is refused. */
  readonly origin?: Omit<Origin, 'modelId'>;
  readonly clock: Clock;
  /** What of the bucket belongs to the index; events of all else are done without a look. @default - everything */
  readonly filter?: PictureFilter;
  /** Whether the bucket may have versions of its keys: `false` on a folder, where what was deleted is gone. @default true */
  readonly versions?: boolean;
}

/** A message of the queue. */
export interface Message {
  readonly id: string;
  readonly body: string;
  /** How often it has been given out, this time included. @default 1 */
  readonly receives?: number;
}

/** What became of a batch. */
export interface IngestReport {
  /** The ids of messages that are not done; all others are done for good. */
  readonly failed: ReadonlySet<string>;
  /** Those of them that no other try can mend. */
  readonly hopeless: ReadonlySet<string>;
  /** Pictures whose embeddings went to the log. */
  readonly embedded: number;
  /** Pictures that can never be indexed. */
  readonly rejected: number;
  /** Whether an append was written, so that compaction has something to do. */
  readonly appended: boolean;
}

/** Pictures of one batch above which a list of what is rejected costs less than a look at each. */
const WORTH_A_LIST = 32;

/** Missing small copies that are made side by side. */
const THUMBNAILS_AT_ONCE = 4;

/** Keys that are looked at side by side. */
const LOOKS_AT_ONCE = 16;

interface Task {
  readonly message: Message;
  readonly change: Change;
  /** Of a change that is a put. */
  readonly outcome?: PictureOutcome;
}

/**
 * Takes a batch in: reads and embeds its pictures, writes one append with all that was learned, and an entry under
 * `rejected/` for each picture that can never be indexed.
 *
 * Every step may be repeated: a message that is handled twice, in full or in part, changes nothing the second time.
 * Never rejects.
 *
 * @param deadlines When they pass, what is not done fails, message by message, and the others are finished.
 */
export async function ingest(
  deps: IngestDeps,
  messages: readonly Message[],
  deadlines?: Deadlines,
): Promise<IngestReport> {
  const failed = new Set<string>();
  const hopeless = new Set<string>();
  /** Does a step for one message; if it fails, the message is tried again, and its neighbours do not notice. */
  const attempt = async <T>(
    message: Message,
    step: () => T | Promise<T>,
    signal = deadlines?.writing,
  ): Promise<T | undefined> => {
    try {
      return await inTime(step, signal);
    } catch (error) {
      const isHopeless = error instanceof MessageUnreadable;
      const then = isHopeless ? 'cannot be understood' : 'failed and will be tried again';
      deps.logger.warn(`a message ${then}`, { message: message.id, error });
      failed.add(message.id);
      if (isHopeless) hopeless.add(message.id);
      return undefined;
    }
  };

  const wanted: { readonly message: Message; readonly change: Change | LookChange }[] = [];
  const bare: { readonly message: Message; readonly change: ThumbnailChange }[] = [];
  for (const message of messages) {
    const changes = await attempt(message, () => decodeMessage(message.body));
    for (const change of changes ?? []) {
      if (!isWanted(change, deps.filter)) continue;
      if (change.op === 'thumbnail') bare.push({ message, change });
      else wanted.push({ message, change });
    }
  }
  const looked = await mapInParallel(LOOKS_AT_ONCE, wanted, async ({ message, change }): Promise<Task[]> => {
    if (change.op !== 'look') return [{ message, change }];
    const late = untilLate(deadlines?.taking);
    const found = await attempt(message, () => look(deps, change), late);
    return found ? [{ message, change: found }] : [];
  });

  const tasks: Task[] = [];
  for (const task of await withOutcomes(deps, looked.flat(), deadlines)) {
    const { message, outcome } = task;
    if (outcome?.state === 'failed') await attempt(message, () => Promise.reject(outcome.error));
    else tasks.push(task);
  }

  const rejected = tasks.filter(({ outcome }) => outcome?.state === 'rejected');
  // Beside all else: one that hangs must not hold it up.
  const rejecting = rejected.map(async ({ message, change, outcome }) => {
    if (change.op === 'put' && outcome?.state === 'rejected')
      await attempt(message, () => reject(deps, change, outcome.reason));
  });

  const { modelId } = deps.embedder.model;
  const dimensions = dimensionsOf(modelId);
  const { append, recorded } = appendOf(tasks, dimensions);
  let appended = false;
  if (recorded.length > 0) {
    const written = (async () => {
      await assertAppendable(deps.index, deps.clock, { modelId, ...deps.origin });
      await writeThumbnails(deps, recorded, deadlines?.beforeAppend);
      const name = await writeAppend(deps.index, deps.clock, append, dimensions);
      appended = true;
      deps.logger.info('appended', { name, records: append.records.length });
    })();
    // Should it fail when nobody waits for it any more.
    written.catch(() => {});
    await Promise.all(recorded.map(({ message }) => attempt(message, () => written)));
  }
  const thumbnails = mapInParallel(THUMBNAILS_AT_ONCE, bare, ({ message, change }) =>
    attempt(message, () => makeThumbnail(deps, change, deadlines?.taking)),
  );

  // Of a picture that is gone too: an earlier try may have rejected it and then been cut short.
  const rejectedKeys = new Set(rejected.map(({ change }) => change.key));
  const settled = tasks.filter(
    ({ change, message }) => !rejectedKeys.has(change.key) && !failed.has(message.id),
  );
  // Most pictures have no entry; of many, a list tells which ones have.
  const listed = settled.length < WORTH_A_LIST ? undefined : rejectedNames(deps.index);
  const removals = settled.map(({ change: { key, version }, message }) =>
    attempt(message, async () => {
      const names = await listed;
      if (!names || names.has(rejectionName(key))) await removeRejection(deps.index, key, version);
    }),
  );
  await Promise.all([...rejecting, thumbnails, ...removals]);
  return {
    failed,
    hopeless,
    embedded: append.vectors.length / dimensions,
    rejected: rejected.length,
    appended,
  };
}

/** What a backfill asks for was filtered by the backfill. */
const isWanted = ({ op, key, version }: Request, filter: PictureFilter | undefined): boolean =>
  !filter || (version === undefined && op !== 'look') || op === 'thumbnail' || belongs(key, filter);

/** What a key is now; a newer event has the last word, so it does not matter since when. */
async function look(
  { pictures, index, versions = true }: Pick<IngestDeps, 'pictures' | 'index' | 'versions'>,
  { key, version, deleted }: LookChange,
): Promise<Change | undefined> {
  if (deleted && !versions) return { op: 'delete', key, version };
  const found = await lookUp(pictures, key);
  // Of a restore without a sequencer: what was deleted since has an event of its own.
  if (!found) return version === undefined ? undefined : { op: 'delete', key, version };
  const { eTag, size } = found;
  if (isFolderMarker(key, size)) return undefined;
  const order = version === undefined ? await orderOfRestore(index, key) : { version };
  return { op: 'put', key, ...order, eTag, size, found: true };
}

/** Digits that no sequencer has so many of: what is counted behind them comes before every other event. */
const SEQUENCER_DIGITS = 32;

/**
 * Where a restore without a sequencer stands among the events of its key: right after the one that found the picture in the
 * archive. Where there was none, the picture is taken in as a backfill would: if nothing is known of the key.
 */
async function orderOfRestore(
  index: ObjectStore,
  key: string,
): Promise<Pick<PutChange, 'version' | 'basis'>> {
  const version = (await readRejection(index, key))?.version;
  return version === undefined
    ? { version, basis: ABSENT }
    : { version: `${version.padEnd(SEQUENCER_DIGITS, '0')}1` };
}

/** Adds what became of the pictures that were written; one that several events name is read and embedded once. */
async function withOutcomes(
  deps: IngestDeps,
  tasks: readonly Task[],
  deadlines: Deadlines | undefined,
): Promise<Task[]> {
  const pictureOf = ({ key, eTag }: PutChange) => `${eTag} ${key}`;
  const first = new Map<string, PutChange>();
  const again = new Map<string, PutChange>();
  for (const { change, message } of tasks)
    if (change.op === 'put') ((message.receives ?? 1) > 1 ? again : first).set(pictureOf(change), change);
  for (const picture of again.keys()) first.delete(picture);

  const changes = [...first.values(), ...again.values()];
  const recalled = await recallPictures(deps, changes, deadlines?.taking);
  const unknown = (changes: Iterable<PutChange>) => [...changes].filter((change) => !recalled.has(change));
  const toEmbed = [unknown(first.values()), unknown(again.values())] as const;
  // Those first that nothing is known against.
  const outcomes = [
    ...(await embedPictures(deps, toEmbed[0], deadlines?.taking)),
    ...(await embedOneByOne(deps, toEmbed[1], deadlines)),
  ];
  const known = new Map(toEmbed.flat().map((change, i) => [pictureOf(change), outcomes[i]!]));
  for (const [change, outcome] of recalled) known.set(pictureOf(change), outcome);
  return tasks.map((task) =>
    task.change.op === 'put' ? { ...task, outcome: known.get(pictureOf(task.change))! } : task,
  );
}

/** Makes one append of the tasks, and says which tasks it has records of. */
function appendOf(tasks: readonly Task[], dimensions: number) {
  const records: LogRecord[] = [];
  const recorded: Task[] = [];
  const embeddings = new Map<Embedded, number>();
  for (const task of tasks) {
    const record = recordOf(task, embeddings);
    if (!record) continue;
    records.push(record);
    recorded.push(task);
  }
  const vectors = new Float32Array(embeddings.size * dimensions);
  for (const [{ embedding }, row] of embeddings) vectors.set(embedding, row * dimensions);
  return { append: { records, vectors }, recorded };
}

function recordOf({ change, outcome }: Task, embeddings: Map<Embedded, number>): LogRecord | undefined {
  const { key, version, basis } = change;
  const about = { key, version, ...(basis && { basis }) };
  if (outcome?.state === 'embedded') {
    const { eTag, size, contentType, metadata, lastModified } = outcome.object;
    const row = embeddings.get(outcome) ?? embeddings.size;
    embeddings.set(outcome, row);
    const attributes = {
      size,
      contentType,
      metadata,
      lastModified: lastModified.toISOString(),
      ...outcome.facts,
    };
    return { op: 'put', ...about, eTag, attributes: attributesOf(attributes), row };
  }
  if (outcome?.state === 'gone') return undefined;
  // A picture that cannot be indexed takes away the one that it replaced; a backfill knows if there is one.
  const nothingToTake = mayBeIndexed(change, outcome) || (version === undefined && basis?.state !== 'live');
  return nothingToTake ? undefined : { op: 'delete', ...about };
}

/** What is kept from us may be what is indexed, from a time when it was not: an event tells of another content, a look need not. */
const mayBeIndexed = (change: Change, outcome: PictureOutcome | undefined): boolean =>
  change.op === 'put' &&
  (change.found === true || (change.basis?.state === 'live' && change.basis.eTag === change.eTag)) &&
  outcome?.state === 'rejected' &&
  KEPT_FROM_US.has(outcome.reason.code);

/** Rejections that say nothing of the picture's bytes. */
const KEPT_FROM_US: ReadonlySet<RejectionCode> = new Set(['archived', 'not-readable']);

async function reject(
  { index, pictures, clock }: IngestDeps,
  { key, version, eTag, size }: PutChange,
  { code, message }: PictureRejected,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  await writeRejection(index, { key, ...(version && { version }), eTag, size, code, reason: message, at });
  // The picture may have been deleted or replaced meanwhile, and that event been handled already.
  if (!(await isStill(pictures, key, eTag))) await removeRejection(index, key, version);
}

/** Whether the bucket has the picture as the event had it, as far as it lets us see. */
async function isStill(pictures: ObjectStore, key: string, eTag: string): Promise<boolean> {
  try {
    return (await lookUp(pictures, key))?.eTag === eTag;
  } catch (error) {
    if (error instanceof StoreUnsuitable) return true;
    throw error;
  }
}
