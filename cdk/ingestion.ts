/** From an upload to the log: S3 event -> queue -> on-upload, with a dead-letter queue for what five tries could not do. */

import { Duration } from 'aws-cdk-lib';
import { EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { QUEUE_LIMITS } from '../pictures/ingest/limits.ts';
import { acknowledge } from './acknowledgements.ts';
import { consume } from './consume.ts';
import { LikenessFunction, type LikenessFunctionProps } from './likeness-function.ts';
import { notifiedBucket } from './notified-bucket.ts';
import { type Buckets, PERMISSIONS, permit } from './permissions.ts';

export interface IngestionProps extends Buckets {
  readonly modelId: string;
  readonly function: LikenessFunctionProps;
  /** Batches that are embedded at once. */
  readonly maxConcurrency: number;
}

export class Ingestion extends Construct {
  readonly function: LikenessFunction;
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: IngestionProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Uploads', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // Six times the function's timeout, as AWS advises, so that no event comes back while it is being worked on.
      visibilityTimeout: Duration.seconds(props.function.timeout.toSeconds() * 6),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: QUEUE_LIMITS.maxReceives },
    });
    acknowledge(
      this.deadLetters,
      'This queue is the dead-letter queue of another.',
      'Serverless-SQSRedrivePolicy',
    );

    this.function = new LikenessFunction(this, 'OnUpload', props.function);
    permit(this.function, PERMISSIONS.onUpload, props, props.modelId);
    consume(this.queue, this.function, {
      batchSize: QUEUE_LIMITS.batchSize,
      maxBatchingWindow: Duration.millis(QUEUE_LIMITS.batchWindowMs),
      reportBatchItemFailures: true,
      maxConcurrency: props.maxConcurrency,
    });

    const pictures = notifiedBucket(this, 'Pictures', props.images);
    pictures.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(this.queue));
    pictures.addEventNotification(EventType.OBJECT_REMOVED, new SqsDestination(this.queue));
  }
}
