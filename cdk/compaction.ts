/** From the log to the index: a schedule and a growing log wake compact. */

import { Duration, Stack } from 'aws-cdk-lib';
import { type IPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { LOG_PREFIX } from '../vectorlog/names.ts';
import { acknowledge } from './acknowledgements.ts';
import { consume } from './consume.ts';
import { LikenessFunction, type LikenessFunctionProps } from './likeness-function.ts';
import { notifiedBucket } from './notified-bucket.ts';
import { type Buckets, PERMISSIONS, permit } from './permissions.ts';

export interface CompactionProps extends Buckets {
  readonly modelId: string;
  readonly function: LikenessFunctionProps;
  readonly schedule: ScheduleExpression | undefined;
}

/** Appends after which compact runs without waiting for its schedule. */
const APPENDS_THAT_WAKE = 1_000;

export class Compaction extends Construct {
  readonly function: LikenessFunction;
  /** Holds one message for each append that compact has not been woken for. */
  readonly appends: Queue;

  constructor(scope: Construct, id: string, props: CompactionProps) {
    super(scope, id);
    this.function = new LikenessFunction(this, 'Compact', props.function);
    permit(this.function, PERMISSIONS.compact, props, props.modelId);
    this.wakeBySchedule(props.schedule ?? ScheduleExpression.rate(Duration.minutes(1)));
    this.appends = this.wakeByGrowth(props);
  }

  private wakeBySchedule(schedule: ScheduleExpression): void {
    // A run that failed is not repeated: the next one does what it left, and two at once would only compete.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    acknowledge(
      this.function,
      'The event carries nothing. The next run does what this one left, and alarms tell of errors and of lag.',
      'Serverless-LambdaAsyncFailureDestination',
    );
    new Schedule(this, 'Schedule', {
      description: 'Folds the log into the index',
      schedule,
      target: new LambdaInvoke(this.function, {
        role: new Role(this, 'ScheduleRole', { assumedBy: schedulerOf(Stack.of(this)) }),
        retryAttempts: 0,
        maxEventAge: Duration.minutes(1),
      }),
    });
  }

  /**
   * Each append sends a message, and compact is woken by a thousand of them or by the first one after five minutes.
   * So a schedule of once a day still leaves searches a short tail.
   */
  private wakeByGrowth(props: CompactionProps): Queue {
    const timeout = props.function.timeout.toSeconds();
    const appends = new Queue(this, 'Appends', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(timeout * 6),
      retentionPeriod: Duration.hours(12),
    });
    acknowledge(
      this,
      'A message only wakes compact, and carries nothing. One that is lost is made good by the next append or the schedule.',
      'AwsSolutions-SQS3',
      'Serverless-SQSRedrivePolicy',
    );
    consume(appends, this.function, {
      batchSize: APPENDS_THAT_WAKE,
      maxBatchingWindow: Duration.minutes(5),
      maxConcurrency: 2,
    });
    notifiedBucket(this, 'Log', props.index).addEventNotification(
      EventType.OBJECT_CREATED,
      new SqsDestination(appends),
      { prefix: `${props.modelId}/${LOG_PREFIX}` },
    );
    return appends;
  }
}

/** EventBridge Scheduler, but only when it works for this account: another's schedule cannot borrow the role. */
const schedulerOf = (stack: Stack): IPrincipal =>
  new ServicePrincipal('scheduler.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  });
