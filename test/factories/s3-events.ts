/** Events as AWS sends them: S3 notifications, and the SQS messages that carry them. */

import type { S3Event, S3EventRecord, SQSEvent, SQSRecord } from 'aws-lambda';

export interface S3Change {
  /** Without `s3:`, as it stands in events. @default ObjectCreated:Put */
  readonly eventName?: string;
  /** As it is; the event carries it encoded. */
  readonly key: string;
  /** Of all but restores. */
  readonly sequencer?: string;
  readonly eTag?: string;
  readonly size?: number;
  /** In a bucket that keeps versions. */
  readonly versionId?: string;
}

/** The notification of one change. */
export function s3Event({
  eventName = 'ObjectCreated:Put',
  key,
  sequencer,
  eTag,
  size,
  versionId,
}: S3Change): S3Event {
  const object = {
    // As in a form: percent signs for all but a few, and `+` for a space.
    key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'),
    ...(size !== undefined && { size }),
    ...(eTag !== undefined && { eTag }),
    ...(versionId !== undefined && { versionId }),
    ...(sequencer !== undefined && { sequencer }),
  };
  const record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'eu-central-1',
    eventTime: '2026-06-01T12:00:00.000Z',
    eventName,
    userIdentity: { principalId: 'AWS:AIDAEXAMPLE' },
    requestParameters: { sourceIPAddress: '192.0.2.1' },
    responseElements: {
      'x-amz-request-id': 'C3D13FE58DE4C810',
      'x-amz-id-2': 'FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7',
    },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'likeness',
      bucket: {
        name: 'pictures',
        ownerIdentity: { principalId: 'A3NL1KOZZKExample' },
        arn: 'arn:aws:s3:::pictures',
      },
      object,
    },
  };
  // Deletions carry no size and no eTag, which the types do not know.
  return { Records: [record as S3EventRecord] };
}

/** What S3 sends once when notifications are set up. */
export const s3TestEvent = () => ({
  Service: 'Amazon S3',
  Event: 's3:TestEvent',
  Time: '2026-06-01T12:00:00.000Z',
  Bucket: 'pictures',
  RequestId: '5582815E1AEA5ADF',
  HostId: '8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE',
});

/** A batch of messages with these bodies; objects are written as JSON. */
export const sqsEvent = (...bodies: readonly (string | object)[]): SQSEvent => ({
  Records: bodies.map((body, i) => sqsRecord(`message-${i}`, body)),
});

export const sqsRecord = (messageId: string, body: string | object): SQSRecord => ({
  messageId,
  receiptHandle: `receipt-of-${messageId}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1780315200000',
    SenderId: 'AIDAEXAMPLE',
    ApproximateFirstReceiveTimestamp: '1780315200100',
  },
  messageAttributes: {},
  md5OfBody: '098f6bcd4621d373cade4e832627b4f6',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:likeness-events',
  awsRegion: 'eu-central-1',
});

/** The same change as EventBridge tells of it: other names, and the key as it is. */
export const eventBridgeEvent = (
  change: Omit<S3Change, 'eventName'> & {
    readonly detailType?: string;
    readonly deletionType?: 'Permanently Deleted' | 'Delete Marker Created';
  },
) => ({
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': change.detailType ?? 'Object Created',
  source: 'aws.s3',
  account: '111122223333',
  time: '2026-06-01T12:00:00Z',
  region: 'eu-central-1',
  resources: ['arn:aws:s3:::pictures'],
  detail: {
    version: '0',
    bucket: { name: 'pictures' },
    object: {
      key: change.key,
      ...(change.size !== undefined && { size: change.size }),
      ...(change.eTag !== undefined && { etag: change.eTag }),
      ...(change.versionId !== undefined && { 'version-id': change.versionId }),
      ...(change.sequencer !== undefined && { sequencer: change.sequencer }),
    },
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: '123456789012',
    'source-ip-address': '192.0.2.1',
    reason: change.detailType === 'Object Deleted' ? 'DeleteObject' : 'PutObject',
    ...(change.deletionType && { 'deletion-type': change.deletionType }),
  },
});

/** A message as SNS puts it into a queue that has subscribed, when delivery is not raw. */
export const snsEnvelope = (message: object) => ({
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: 'arn:aws:sns:eu-central-1:123456789012:pictures',
  Subject: 'Amazon S3 Notification',
  Message: JSON.stringify(message),
  Timestamp: '2026-06-01T12:00:00.000Z',
  SignatureVersion: '1',
  Signature: 'EXAMPLEw6JRN...',
  SigningCertURL: 'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-example.pem',
  UnsubscribeURL: 'https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe',
});
