/** What S3 says when an object changes, and how a queue carries it: the shapes that AWS documents. */

import { createHash, randomUUID } from 'node:crypto';
import type { S3Event, SQSRecord } from 'aws-lambda';

/** One change of one object. */
export interface ObjectChange {
  readonly kind: 'ObjectCreated:Put' | 'ObjectRemoved:Delete';
  /** The key as it is; the event carries it URL-encoded. */
  readonly key: string;
  readonly sequencer: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Of the object that was written; events of deletions have neither. */
  readonly eTag?: string;
  readonly size?: number;
}

const REGION = 'local';
const BUCKET = 'pictures';
const QUEUE = 'uploads';

/** The notification that S3 sends for a change. */
export function s3Event(change: ObjectChange): S3Event {
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: REGION,
        eventTime: new Date(change.at).toISOString(),
        eventName: change.kind,
        userIdentity: { principalId: 'likeness' },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { 'x-amz-request-id': randomUUID(), 'x-amz-id-2': '' },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'likeness',
          bucket: { name: BUCKET, ownerIdentity: { principalId: 'likeness' }, arn: `arn:aws:s3:::${BUCKET}` },
          object: {
            key: encodeEventKey(change.key),
            size: change.size ?? 0,
            eTag: change.eTag ?? '',
            sequencer: change.sequencer,
          },
        },
      },
    ],
  };
}

/** Keys in events are form-encoded, a space is a plus, but slashes stand as they are. */
const encodeEventKey = (key: string): string =>
  encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');

/** A message as a queue hands it to a function for the `receiveCount`-th time. */
export function sqsRecord(message: {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  readonly firstReceivedAt: number;
  readonly receiveCount: number;
}): SQSRecord {
  return {
    messageId: message.id,
    receiptHandle: `${message.id}#${message.receiveCount}`,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAt),
      SenderId: 'likeness',
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    },
    messageAttributes: {},
    md5OfBody: createHash('md5').update(message.body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${REGION}:000000000000:${QUEUE}`,
    awsRegion: REGION,
  };
}
