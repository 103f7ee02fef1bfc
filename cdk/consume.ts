/** Connects a queue to a function. */

import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { EventSourceMappingOptions, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { acknowledge } from './acknowledgements.ts';

/**
 * Has Lambda read the queue and call the function. Unlike the CDK's SqsEventSource it gives the role only the three
 * actions that Lambda needs for this, and the one by which a message that failed comes back sooner.
 */
export function consume(queue: Queue, fn: LambdaFunction, options: EventSourceMappingOptions): void {
  const grant = new PolicyStatement({
    actions: [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ChangeMessageVisibility',
    ],
    resources: [queue.queueArn],
  });
  fn.addToRolePolicy(grant);
  const mapping = fn.addEventSourceMapping(queue.node.id, { ...options, eventSourceArn: queue.queueArn });
  // Lambda looks at the permissions when the mapping is made.
  mapping.node.addDependency(fn.role!);
  acknowledge(
    mapping,
    'Lambda has no failure destination for queues: what fails goes back, and then to the dead-letter queue.',
    'Serverless-LambdaEventSourceMappingDestination',
  );
}
