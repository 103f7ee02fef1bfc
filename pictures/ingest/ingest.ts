/** From a batch of messages to one append: what on-upload does. */

import type { Clock } from '../../vectorlog/clock.ts';
import { writeAppend } from '../../vectorlog/log/append-log.ts';
import type { LogRecord } from '../../vectorlog/log/record.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { attributesOf } from '../attributes.ts';
import type { PictureRejected } from '../decoding/errors.ts';
import { DIMENSIONS } from '../dimensions.ts';
import type { Embedder } from '../embedding/embedder.ts';
import { belongs, type PictureFilter } from '../picture-names.ts';
import type { Change, PutChange } from './change.ts';
import { type Embedded, embedPictures, type PictureOutcome } from './embed-pictures.ts';
import { decodeMessage } from './messages.ts';
import { removeRejection, writeRejection } from './rejections.ts';

export interface IngestDeps {
  readonly pictures: ObjectStore;
  /** The index store, in the namespace of the embedder's model. */
  readonly index: ObjectStore;
  readonly embedder: Embedder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What of the bucket belongs to the index; events of all else are done without a look. @default - everything */
  readonly filter?: PictureFilter;
}

/** A message of the queue. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

/** What became of a batch. */
export interface IngestReport {
  /** The ids of messages that must be tried again; all others are done for good. */
  readonly failed: ReadonlySet<string>;
  /** Pictures whose embeddings went to the log. */
  readonly embedded: number;
  /** Pictures that can never be indexed. */
  readonly rejected: number;
  /** Whether an append was written, so that compaction has something to do. */
  readonly appended: boolean;
}

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
 * @param signal When it aborts, messages of pictures that are not embedded yet fail, and the others are finished.
 */
export async function ingest(
  deps: IngestDeps,
  messages: readonly Message[],
  signal?: AbortSignal,
): Promise<IngestReport> {
  const failed = new Set<string>();
  /** Does a step for one message; if it fails, the message is tried again, and its neighbours do not notice. */
  const attempt = async <T>(message: Message, step: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await step();
    } catch (error) {
      deps.logger.warn('a message failed and will be tried again', { message: message.id, error });
      failed.add(message.id);
      return undefined;
    }
  };

  const asked: Task[] = [];
  for (const message of messages) {
    const changes = await attempt(message, () => decodeMessage(message.body));
    for (const change of changes ?? []) if (isWanted(change, deps.filter)) asked.push({ message, change });
  }

  const tasks: Task[] = [];
  for (const task of await withOutcomes(deps, asked, signal)) {
    const { message, outcome } = task;
    if (outcome?.state === 'failed') await attempt(message, () => Promise.reject(outcome.error));
    else tasks.push(task);
  }

  const rejected = tasks.filter(({ outcome }) => outcome?.state === 'rejected');
  for (const { message, change, outcome } of rejected)
    if (change.op === 'put' && outcome?.state === 'rejected')
      await attempt(message, () => reject(deps, change, outcome.reason));

  const { append, recorded } = appendOf(tasks);
  let appended = false;
  if (recorded.length > 0) {
    const written = writeAppend(deps.index, deps.clock, append, DIMENSIONS).then((name) => {
      appended = true;
      deps.logger.info('appended', { name, records: append.records.length });
    });
    await Promise.all(recorded.map(({ message }) => attempt(message, () => written)));
  }

  // Of a picture that is gone too: an earlier try may have rejected it and then been cut short.
  const rejectedKeys = new Set(rejected.map(({ change }) => change.key));
  const settled = tasks.filter(
    ({ change, message }) => !rejectedKeys.has(change.key) && !failed.has(message.id),
  );
  await Promise.all(
    settled.map(({ change: { key, version }, message }) =>
      attempt(message, () => removeRejection(deps.index, key, version)),
    ),
  );
  return { failed, embedded: append.vectors.length / DIMENSIONS, rejected: rejected.length, appended };
}

/** What a backfill asks for was filtered by the backfill. */
const isWanted = ({ key, version }: Change, filter: PictureFilter | undefined): boolean =>
  !filter || version === undefined || belongs(key, filter);

/** Adds what became of the pictures that were written; one that several events name is read and embedded once. */
async function withOutcomes(
  deps: IngestDeps,
  tasks: readonly Task[],
  signal: AbortSignal | undefined,
): Promise<Task[]> {
  const pictureOf = ({ key, eTag }: PutChange) => `${eTag} ${key}`;
  const pictures = new Map<string, PutChange>();
  for (const { change } of tasks) if (change.op === 'put') pictures.set(pictureOf(change), change);

  const outcomes = await embedPictures(deps, [...pictures.values()], signal);
  const known = new Map([...pictures.keys()].map((picture, i) => [picture, outcomes[i]!]));
  return tasks.map((task) =>
    task.change.op === 'put' ? { ...task, outcome: known.get(pictureOf(task.change))! } : task,
  );
}

/** Makes one append of the tasks, and says which tasks it has records of. */
function appendOf(tasks: readonly Task[]) {
  const records: LogRecord[] = [];
  const recorded: Task[] = [];
  const embeddings = new Map<Embedded, number>();
  for (const task of tasks) {
    const record = recordOf(task, embeddings);
    if (!record) continue;
    records.push(record);
    recorded.push(task);
  }
  const vectors = new Float32Array(embeddings.size * DIMENSIONS);
  for (const [{ embedding }, row] of embeddings) vectors.set(embedding, row * DIMENSIONS);
  return { append: { records, vectors }, recorded };
}

function recordOf({ change, outcome }: Task, embeddings: Map<Embedded, number>): LogRecord | undefined {
  const { key, version, basis } = change;
  const about = { key, version, ...(basis && { basis }) };
  if (outcome?.state === 'embedded') {
    const { eTag, size, contentType, metadata, lastModified } = outcome.object;
    const row = embeddings.get(outcome) ?? embeddings.size;
    embeddings.set(outcome, row);
    const attributes = { size, contentType, metadata, lastModified: lastModified.toISOString() };
    return { op: 'put', ...about, eTag, attributes: attributesOf(attributes), row };
  }
  if (outcome?.state === 'gone') return undefined;
  // A picture that cannot be indexed takes away the one that it replaced; a backfill knows if there is one.
  const nothingToTake = version === undefined && basis?.state !== 'live';
  return nothingToTake ? undefined : { op: 'delete', ...about };
}

async function reject(
  { index, pictures, clock }: IngestDeps,
  { key, version, eTag, size }: PutChange,
  { code, message }: PictureRejected,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  await writeRejection(index, { key, ...(version && { version }), eTag, size, code, reason: message, at });
  // The picture may have been deleted or replaced meanwhile, and that event been handled already.
  if ((await pictures.head(key))?.eTag !== eTag) await removeRejection(index, key, version);
}
