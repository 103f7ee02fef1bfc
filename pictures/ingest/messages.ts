/** The bodies of queue messages: events of S3 as they come, by SNS or by EventBridge, and what a backfill enqueues. */

import { LikenessError } from '../../vectorlog/errors.ts';
import {
  type Change,
  isFolderMarker,
  type LookChange,
  type Request,
  type ThumbnailChange,
} from './change.ts';

/** A message that no version of S3 or Likeness sends; it ends in the dead-letter queue, where someone can look. */
export class MessageUnreadable extends LikenessError {
  readonly retryable = false;
}

const BACKFILL = 'likeness.backfill';

interface BackfillBody {
  readonly source: typeof BACKFILL;
  readonly change: Change | ThumbnailChange;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
interface S3Body {
  readonly Records: readonly {
    readonly eventName: string;
    readonly s3: {
      readonly object: {
        /** Encoded as in a form. */
        readonly key: string;
        /** Of writing and deleting. */
        readonly sequencer?: string;
        readonly eTag?: string;
        readonly size?: number;
        /** Absent, or empty with some stores, where the bucket keeps no versions; it may have some from before. */
        readonly versionId?: string;
      };
    };
  }[];
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
interface EventBridgeBody {
  readonly source: 'aws.s3';
  readonly 'detail-type': string;
  readonly detail: {
    readonly object: {
      /** As it is. */
      readonly key: string;
      /** Of writing and deleting. */
      readonly sequencer?: string;
      readonly etag?: string;
      readonly size?: number;
      readonly 'version-id'?: string;
    };
    readonly 'deletion-type'?: 'Permanently Deleted' | 'Delete Marker Created';
  };
}

/** What SNS puts around a message, and what it sends when a queue subscribes. */
type SnsBody =
  | { readonly Type: 'Notification'; readonly Message: string }
  | { readonly Type: 'SubscriptionConfirmation' | 'UnsubscribeConfirmation' };

/** S3 sends it once when notifications are set up. */
interface TestBody {
  readonly Event: 's3:TestEvent';
}

type Body = BackfillBody | S3Body | EventBridgeBody | SnsBody | TestBody;

/** What an event says, whichever way it came. */
interface S3Fact {
  readonly kind: 'written' | 'restored' | 'deleted' | 'marked' | 'other';
  readonly key: string;
  readonly sequencer: string | undefined;
  readonly eTag: string | undefined;
  readonly size: number | undefined;
  readonly versionId: string | undefined;
}

/** The message by which a backfill asks for one change. */
export const encodeBackfillMessage = (change: Change | ThumbnailChange): string =>
  JSON.stringify({ source: BACKFILL, change } satisfies BackfillBody);

/**
 * The changes that a message speaks of: none for S3's test event, folders, and events that are neither of writing nor
 * of deleting.
 *
 * @throws MessageUnreadable
 */
export function decodeMessage(body: string): Request[] {
  try {
    return changesOf(JSON.parse(body) as Body);
  } catch (cause) {
    throw new MessageUnreadable(`not a message for on-upload: ${body.slice(0, 200)}`, { cause });
  }
}

function changesOf(message: Body): Request[] {
  if ('Type' in message) return message.Type === 'Notification' ? changesOf(JSON.parse(message.Message)) : [];
  if ('Event' in message && message.Event === 's3:TestEvent') return [];
  if ('source' in message)
    return message.source === BACKFILL ? [message.change] : changeOf(factOfEventBridge(message));
  return (message as S3Body).Records.flatMap((record) => changeOf(factOfRecord(record)));
}

function changeOf({ kind, key, sequencer: version, eTag, size, versionId }: S3Fact): (Change | LookChange)[] {
  if (kind === 'other' || isFolderMarker(key, size ?? 0)) return [];
  if (version !== undefined && !/^[0-9A-Fa-f]+$/.test(version)) throw new Error(`sequencer ${version}`);
  if (kind === 'restored') return [{ op: 'look', key, version }];
  if (version === undefined) throw new Error('no sequencer');
  if (kind === 'marked') return [{ op: 'delete', key, version }];
  // It may be of any version: of an old one, which changes nothing, or of a delete marker, which brings the key back. Where
  // a bucket has stopped keeping versions it has those of before, and their events need not name them.
  if (kind === 'deleted')
    return [{ op: 'look', key, version, ...(!versionId && { deleted: true as const }) }];
  if (!eTag) throw new Error('no eTag');
  return [{ op: 'put', key, version, eTag, size: size ?? 0 }];
}

const RECORD_KINDS: readonly (readonly [RegExp, S3Fact['kind']])[] = [
  [/^ObjectCreated:/, 'written'],
  [/^ObjectRestore:Completed$/, 'restored'],
  [/^(?:ObjectRemoved|LifecycleExpiration):DeleteMarkerCreated$/, 'marked'],
  [/^(?:ObjectRemoved|LifecycleExpiration):/, 'deleted'],
];

function factOfRecord({ eventName, s3: { object } }: S3Body['Records'][number]): S3Fact {
  const { key, sequencer, eTag, size, versionId } = object;
  // Some stores write the prefix that stands only in configurations on AWS.
  const name = eventName.replace(/^s3:/, '');
  const kind = RECORD_KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
  return { kind, key: decodeKey(key), sequencer, eTag, size, versionId };
}

function factOfEventBridge({ 'detail-type': type, detail }: EventBridgeBody): S3Fact {
  const { key, sequencer, etag: eTag, size, 'version-id': versionId } = detail.object;
  const kinds: Readonly<Record<string, S3Fact['kind']>> = {
    'Object Created': 'written',
    'Object Restore Completed': 'restored',
    'Object Deleted': detail['deletion-type'] === 'Delete Marker Created' ? 'marked' : 'deleted',
  };
  return { kind: kinds[type] ?? 'other', key, sequencer, eTag, size, versionId };
}

/** Keys in S3's own events are encoded as in a form: percent signs, and `+` for a space. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));
