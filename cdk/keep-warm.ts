/** A schedule that asks the search function for its health, so that one instance keeps the index in memory. */

import { type Duration, Stack } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Construct } from 'constructs';
import { KEEP_WARM_HOST } from '../functions/environment.ts';
import { schedulerOf } from './scheduler.ts';

/** As API Gateway would ask, with no more than the function looks at. */
const REQUEST = {
  version: '2.0',
  rawPath: '/v1/stats',
  rawQueryString: '',
  headers: { host: KEEP_WARM_HOST },
  requestContext: { http: { method: 'GET', path: '/v1/stats' }, domainName: KEEP_WARM_HOST },
  isBase64Encoded: false,
} as const;

export function keepWarm(scope: Construct, search: LambdaFunction, every: Duration): void {
  new Schedule(scope, 'KeepWarm', {
    description: 'Keeps one search function loaded',
    schedule: ScheduleExpression.rate(every),
    target: new LambdaInvoke(search, {
      role: new Role(scope, 'KeepWarmRole', { assumedBy: schedulerOf(Stack.of(scope)) }),
      input: ScheduleTargetInput.fromObject(REQUEST),
      retryAttempts: 0,
    }),
  });
}
