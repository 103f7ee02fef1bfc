/**
 * How a bucket's events reach on-upload: by a notification of S3, by a rule of EventBridge, or by the owner's own means. S3
 * tells one receiver only of an event; where there are several models, a topic passes it on to the queue of each.
 */

import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { EventType, type IBucket, type IBucketNotificationDestination } from 'aws-cdk-lib/aws-s3';
import { LambdaDestination, SnsDestination, SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { PictureFilter } from '../pictures/picture-names.ts';
import { acknowledge } from './acknowledgements.ts';
import { ConfigurationInvalid } from './configuration-invalid.ts';
import type { ImageSearchProps } from './image-search-props.ts';
import { notifiedBucket } from './notified-bucket.ts';

interface Subscription extends Required<Pick<ImageSearchProps, 'events'>> {
  readonly images: IBucket;
  readonly filter: PictureFilter;
  /** One for each model; functions take events of S3 alone, and only one can. */
  readonly targets: readonly (Queue | LambdaFunction)[];
  /** Encrypts the topic. */
  readonly key: IKey | undefined;
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

/**
 * Has the events of the pictures sent to each target, as far as they can be told apart before they are sent.
 *
 * @param scope must stay what it is: when the CDK's resource for notifications gets another name, the old one takes those of
 *   the new one away as it goes
 * @throws ConfigurationInvalid
 */
export function subscribe(scope: Construct, { images, filter, events, targets, key }: Subscription): void {
  const queues = targets.filter((target) => target instanceof Queue);
  if (queues.length < targets.length && events !== 's3')
    throw new ConfigurationInvalid(
      `intake "direct" takes events of S3 itself; with events "${events}" it needs a queue`,
    );
  if (queues.length < targets.length && targets.length > 1)
    throw new ConfigurationInvalid(
      'intake "direct" brings events to one model only; with several it needs queues',
    );
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
      targets: queues.map((queue) => new SqsQueue(queue)),
    });
    acknowledge(
      rule,
      'The targets are queues of this stack, to which EventBridge tries to send for a day; a backfill finds what was missed even so.',
      'Serverless-EventBusDLQ',
    );
    return;
  }
  // A rule of S3's takes one ending, in one spelling of capitals; on-upload looks at endings itself.
  const rules = filter.prefix ? [{ prefix: filter.prefix }] : [];
  const destination = destinationOf(scope, targets, key);
  for (const event of EVENTS) bucket.addEventNotification(event, destination, ...rules);
}

function destinationOf(
  scope: Construct,
  targets: Subscription['targets'],
  key: IKey | undefined,
): IBucketNotificationDestination {
  const [only] = targets;
  if (targets.length === 1)
    return only instanceof Queue ? new SqsDestination(only) : new LambdaDestination(only!);
  const topic = new Topic(scope, 'EachModel', { enforceSSL: true, ...(key && { masterKey: key }) });
  for (const queue of targets.filter((target) => target instanceof Queue)) {
    const subscription = topic.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: true }));
    acknowledge(
      subscription,
      'SNS tries for 23 days to bring a message to a queue; a backfill finds what was missed even so.',
      'Serverless-SNSRedrivePolicy',
    );
  }
  if (!key)
    acknowledge(
      topic,
      'It carries names of objects, no contents; the key property encrypts it. S3 may not use the key that SNS has of its own.',
      'AwsSolutions-SNS2',
    );
  return new SnsDestination(topic);
}

/** Several patterns for one field mean "or", so that a prefix and endings cannot both be asked for. */
function keyPattern({ prefix, endings }: PictureFilter): object {
  if (prefix) return { object: { key: [{ prefix }] } };
  if (endings === 'all') return {};
  return { object: { key: endings.map((suffix) => ({ suffix: { 'equals-ignore-case': suffix } })) } };
}
