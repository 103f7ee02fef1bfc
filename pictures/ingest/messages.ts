/** The bodies of queue messages: S3 event notifications, and what a backfill enqueues. */

import { LikenessError } from '../../vectorlog/errors.ts';
import { type Change, isFolderMarker } from './change.ts';

/** A message that no version of S3 or Likeness sends; it ends in the dead-letter queue, where someone can look. */
export class MessageUnreadable extends LikenessError {
  readonly retryable = false;
}

const BACKFILL = 'likeness.backfill';

interface BackfillBody {
  readonly source: typeof BACKFILL;
  readonly change: Change;
}

interface S3Body {
  readonly Records: readonly {
    readonly eventName: string;
    readonly s3: {
      readonly object: {
        readonly key: string;
        readonly sequencer: string;
        readonly eTag?: string;
        readonly size?: number;
      };
    };
  }[];
}

/** S3 sends it once when notifications are set up. */
interface TestBody {
  readonly Event: 's3:TestEvent';
}

/** The message by which a backfill asks for one change. */
export const encodeBackfillMessage = (change: Change): string =>
  JSON.stringify({ source: BACKFILL, change } satisfies BackfillBody);

/**
 * The changes that a message speaks of: none for S3's test event, folders, and events that are neither of writing nor
 * of deleting.
 *
 * @throws MessageUnreadable
 */
export function decodeMessage(body: string): Change[] {
  try {
    const message = JSON.parse(body) as BackfillBody | S3Body | TestBody;
    if ('source' in message && message.source === BACKFILL) return [message.change];
    if ('Event' in message && message.Event === 's3:TestEvent') return [];
    return (message as S3Body).Records.flatMap(changeOf);
  } catch (cause) {
    throw new MessageUnreadable(`not a message for on-upload: ${body.slice(0, 200)}`, { cause });
  }
}

function changeOf({ eventName, s3: { object } }: S3Body['Records'][number]): Change[] {
  const key = decodeKey(object.key);
  const { sequencer: version, eTag, size = 0 } = object;
  if (!/^[0-9A-Fa-f]+$/.test(version)) throw new Error(`sequencer ${version}`);
  if (isFolderMarker(key, size)) return [];
  if (/^(ObjectRemoved|LifecycleExpiration):/.test(eventName)) return [{ op: 'delete', key, version }];
  if (!eventName.startsWith('ObjectCreated:')) return [];
  if (!eTag) throw new Error('no eTag');
  return [{ op: 'put', key, version, eTag, size }];
}

/** Keys in S3 events are encoded as in a form: percent signs, and `+` for a space. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));
