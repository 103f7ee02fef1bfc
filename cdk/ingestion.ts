/** From an event to the log: on-upload takes it from its queue, or from S3 directly; what fails waits as a dead letter. */

import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination as FailureQueue } from 'aws-cdk-lib/aws-lambda-destinations';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { QUEUE_LIMITS } from '../pictures/ingest/limits.ts';
import { acknowledge } from './acknowledgements.ts';
import { consume } from './consume.ts';
import type { ImageSearchProps } from './image-search-props.ts';
import { LikenessFunction, type LikenessFunctionProps } from './likeness-function.ts';
import { type Buckets, PERMISSIONS, permit } from './permissions.ts';

export interface IngestionProps extends Buckets, Required<Pick<ImageSearchProps, 'intake' | 'thumbnails'>> {
  readonly modelId: string;
  readonly function: LikenessFunctionProps;
  /** Batches that are embedded at once. */
  readonly maxConcurrency: number;
  /** Is woken after an append. */
  readonly compact: IFunction | undefined;
  /** Encrypts the queues. */
  readonly key: IKey | undefined;
}

export class Ingestion extends Construct {
  readonly function: LikenessFunction;
  /** Absent when S3 calls on-upload itself. */
  readonly queue: Queue | undefined;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: IngestionProps) {
    super(scope, id);
    const { intake, key } = props;
    const encryption = key
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key }
      : { encryption: QueueEncryption.SQS_MANAGED };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...encryption,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(
      this.deadLetters,
      'This queue is where what failed waits for a person.',
      'Serverless-SQSRedrivePolicy',
      'AwsSolutions-SQS3',
    );

    this.queue = intake === 'direct' ? undefined : this.makeQueue(props, encryption);
    this.function = new LikenessFunction(this, 'OnUpload', {
      ...props.function,
      environment: {
        ...props.function.environment,
        thumbnails: props.thumbnails ? 'on' : 'off',
        ...(props.compact && { compactFunction: props.compact.functionName }),
        ...(this.queue && {
          uploadsQueue: this.queue.queueUrl,
          deadLetters: this.deadLetters.queueUrl,
        }),
      },
    });
    permit(this.function, PERMISSIONS.onUpload, props, props.modelId);
    if (props.thumbnails) permit(this.function, PERMISSIONS.writeThumbnails, props, props.modelId);
    props.compact?.grantInvoke(this.function);
    if (this.queue) this.takeFromQueue(this.queue, props);
    else {
      this.function.configureAsyncInvoke({
        retryAttempts: 2,
        maxEventAge: Duration.hours(6),
        onFailure: new FailureQueue(this.deadLetters),
      });
    }
  }

  private makeQueue(props: IngestionProps, encryption: object): Queue {
    return new Queue(this, 'Uploads', {
      ...encryption,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // Six times the function's timeout, as AWS advises, so that no event comes back while it is being worked on.
      visibilityTimeout: Duration.seconds(props.function.timeout.toSeconds() * 6),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: QUEUE_LIMITS.maxReceives },
    });
  }

  private takeFromQueue(queue: Queue, { maxConcurrency, key }: IngestionProps): void {
    consume(queue, this.function, {
      batchSize: QUEUE_LIMITS.batchSize,
      maxBatchingWindow: Duration.millis(QUEUE_LIMITS.batchWindowMs),
      reportBatchItemFailures: true,
      maxConcurrency,
    });
    // What nobody can understand goes there at once.
    this.function.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }),
    );
    key?.grantEncryptDecrypt(this.function);
  }
}
