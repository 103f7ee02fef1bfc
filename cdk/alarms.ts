/** The five alarms that matter, told by mail; docs/operations.md says what each means and what to do. */

import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';
import { FIVE_MINUTES, type Observed, observedMetrics } from './metrics.ts';

export interface AlarmsProps extends Observed {
  /** Addresses, or a topic that is there already. */
  readonly tell: readonly string[] | ITopic;
  /** Encrypts the topic. */
  readonly key: IKey | undefined;
}

/** What an alarm asks: is the metric above the threshold? */
interface Question {
  readonly metric: IMetric;
  readonly threshold: number;
  readonly description: string;
}

export class Alarms extends Construct {
  private readonly topic: ITopic;

  constructor(scope: Construct, id: string, { tell, key, ...observed }: AlarmsProps) {
    super(scope, id);
    this.topic = Array.isArray(tell) ? this.mailTopic(tell, key) : (tell as ITopic);
    const metrics = observedMetrics(observed);
    this.alarm('DeadLetters', {
      metric: metrics.deadLetters,
      threshold: 0,
      description: 'Uploads that all tries could not index wait in the dead-letter queue.',
    });
    if (metrics.oldestEvent) {
      this.alarm('OldestEvent', {
        metric: metrics.oldestEvent,
        threshold: Duration.minutes(15).toSeconds(),
        description: 'Uploads arrive faster than they are indexed, or on-upload fails.',
      });
    }
    this.alarm('CompactErrors', {
      metric: observed.compaction.function.metricErrors({ period: FIVE_MINUTES }),
      threshold: 0,
      description: 'A compaction failed: its log says why.',
    });
    this.alarm('SearchErrors', {
      metric: metrics.apiErrors,
      threshold: 0,
      description: 'Requests ended without an answer of their own: the log says why.',
    });
    this.alarm('CompactionLag', {
      metric: metrics.lag,
      threshold: Duration.hours(3).toSeconds(),
      description: 'Appends wait for compaction: searches read a long tail and get slower.',
    });
  }

  private mailTopic(addresses: readonly string[], key: IKey | undefined): Topic {
    const topic = new Topic(this, 'Mail', { enforceSSL: true, ...(key && { masterKey: key }) });
    for (const address of addresses) {
      const subscription = topic.addSubscription(new EmailSubscription(address));
      acknowledge(
        subscription,
        'A mail that cannot be delivered is of no use later; the alarm itself stays red.',
        'Serverless-SNSRedrivePolicy',
      );
    }
    if (!key)
      acknowledge(
        topic,
        'It carries names of alarms. CloudWatch may not use the key that SNS has of its own.',
        'AwsSolutions-SNS2',
      );
    return topic;
  }

  private alarm(id: string, { metric, threshold, description }: Question): void {
    const alarm = new Alarm(this, id, {
      metric,
      threshold,
      alarmDescription: `Likeness: ${description} See "${id}" in docs/operations.md.`,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    } satisfies AlarmProps);
    alarm.addAlarmAction(new SnsAction(this.topic));
  }
}
