/** How a bucket's events reach on-upload: by a notification of S3, by a rule of EventBridge, or by the owner's own means. */

import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { EventType, type IBucket } from 'aws-cdk-lib/aws-s3';
import { LambdaDestination, SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { PictureFilter } from '../pictures/picture-names.ts';
import { acknowledge } from './acknowledgements.ts';
import type { ImageSearchProps } from './image-search-props.ts';
import { notifiedBucket } from './notified-bucket.ts';

interface Subscription extends Required<Pick<ImageSearchProps, 'events'>> {
  readonly images: IBucket;
  readonly filter: PictureFilter;
  /** A function only with events of S3. */
  readonly target: Queue | LambdaFunction;
}

/** What S3 tells of. */
const EVENTS = [
  EventType.OBJECT_CREATED,
  EventType.OBJECT_REMOVED,
  // Expirations of a lifecycle are told by these alone.
  EventType.LIFECYCLE_EXPIRATION,
  EventType.OBJECT_RESTORE_COMPLETED,
] as const;

/** The same, by the names that EventBridge has for it. */
const DETAIL_TYPES = ['Object Created', 'Object Deleted', 'Object Restore Completed'] as const;

/** Has the events of the pictures sent to `target`, as far as they can be told apart before they are sent. */
export function subscribe(scope: Construct, { images, filter, events, target }: Subscription): void {
  if (events === 'none') return;
  const bucket = notifiedBucket(scope, 'Pictures', images);
  if (events === 'eventbridge') {
    bucket.enableEventBridgeNotification();
    const rule = new Rule(scope, 'Events', {
      description: 'Likeness: what happens to the pictures',
      eventPattern: {
        source: ['aws.s3'],
        detailType: [...DETAIL_TYPES],
        detail: { bucket: { name: [images.bucketName] }, ...keyPattern(filter) },
      },
      ...(target instanceof Queue && { targets: [new SqsQueue(target)] }),
    });
    acknowledge(
      rule,
      'The target is a queue of this stack, to which EventBridge tries to send for a day; a backfill finds what was missed even so.',
      'Serverless-EventBusDLQ',
    );
    return;
  }
  // A rule of S3's takes one ending, in one spelling of capitals; on-upload looks at endings itself.
  const rules = filter.prefix ? [{ prefix: filter.prefix }] : [];
  for (const event of EVENTS) {
    const destination = target instanceof Queue ? new SqsDestination(target) : new LambdaDestination(target);
    bucket.addEventNotification(event, destination, ...rules);
  }
}

/** Several patterns for one field mean "or", so that a prefix and endings cannot both be asked for. */
function keyPattern({ prefix, endings }: PictureFilter): object {
  if (prefix) return { object: { key: [{ prefix }] } };
  if (endings === 'all') return {};
  return { object: { key: endings.map((suffix) => ({ suffix: { 'equals-ignore-case': suffix } })) } };
}
