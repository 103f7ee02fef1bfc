/** A bucket that may belong to another stack, in the form in which this stack can add notifications to it. */

import { Stack } from 'aws-cdk-lib';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';

/**
 * The notifications of a bucket belong to the stack of its construct. For a bucket of another stack that would make
 * the two need each other, so it is imported here. Notifications that the bucket has already stay.
 */
export function notifiedBucket(scope: Construct, id: string, bucket: IBucket): IBucket {
  if (Stack.of(bucket) === Stack.of(scope)) return bucket;
  return Bucket.fromBucketAttributes(scope, id, { bucketArn: bucket.bucketArn });
}

/** CloudFormation cannot change the notifications of a bucket that exists; the CDK adds this small function that can. */
const CDK_HANDLER = 'BucketNotificationsHandler050a0587b7544547bf325f094a3db834';

/** Says why the CDK's own function for notifications is as it is. */
export function acknowledgeNotificationsHandler(stack: Stack): void {
  const handler = stack.node.tryFindChild(CDK_HANDLER);
  if (!handler) return;
  acknowledge(
    handler,
    'A function of the CDK that runs only while the stack is deployed. It may change the notifications of these buckets and write logs.',
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    'AwsSolutions-L1',
    'Serverless-LambdaDLQ',
    'Serverless-LambdaDefaultMemorySize',
    'Serverless-LambdaLatestVersion',
    'Serverless-LambdaTracing',
  );
}
