/** From the log to the index: on-upload wakes compact after it has appended, and a schedule runs it when that call was lost. */

import { Duration, Stack } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Schedule, type ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';
import { LikenessFunction, type LikenessFunctionProps } from './likeness-function.ts';
import { type Buckets, PERMISSIONS, permit } from './permissions.ts';
import { schedulerOf } from './scheduler.ts';

export interface CompactionProps extends Buckets {
  readonly modelId: string;
  readonly function: LikenessFunctionProps;
  readonly schedule: ScheduleExpression;
}

export class Compaction extends Construct {
  readonly function: LikenessFunction;

  constructor(scope: Construct, id: string, props: CompactionProps) {
    super(scope, id);
    this.function = new LikenessFunction(this, 'Compact', props.function);
    permit(this.function, PERMISSIONS.compact, props, props.modelId);
    this.wakeBySchedule(props.schedule);
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
}
