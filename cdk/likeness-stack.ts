/** The two stacks: one that holds the data and outlives everything, and one inside it that can be replaced at will. */

import { CfnOutput, NestedStack, Stack, type StackProps } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { createImagesBucket, createIndexBucket } from './buckets.ts';
import { ImageSearch } from './image-search.ts';
import type { ImageSearchProps } from './image-search-props.ts';

export interface LikenessStackProps extends StackProps {
  /** @default - see ImageSearchProps */
  readonly search?: ImageSearchProps;
  /**
   * Name of a bucket that you have, whose pictures are to be searched.
   *
   * @default - `search.images`, or a new bucket
   */
  readonly imagesBucketName?: string;
  /**
   * Without it the stack holds the buckets alone: everything that costs money while idle is gone, no data is.
   *
   * @default true
   */
  readonly serving?: boolean;
}

/**
 * Buckets are here, retained and protected against deletion; queues, functions, API and alarms are in the nested stack
 * `Serving`. They are nested and not beside each other so that a plain `cdk deploy` deploys both.
 */
export class LikenessStack extends Stack {
  /** Absent when nothing is served. */
  readonly search: ImageSearch | undefined;

  constructor(
    scope: Construct,
    id: string,
    { search = {}, imagesBucketName, serving = true, ...props }: LikenessStackProps = {},
  ) {
    super(scope, id, {
      description: 'Likeness: image similarity search. This stack holds the data.',
      terminationProtection: true,
      ...props,
    });
    const own = imagesBucketName && Bucket.fromBucketName(this, 'OwnImages', imagesBucketName);
    // The console's address is known only after the bucket. Every upload is signed, so the origin protects nothing.
    const corsOrigins = search.console ? ['*'] : (search.corsOrigins ?? []);
    const images = (own || search.images) ?? createImagesBucket(this, 'Images', { ...search, corsOrigins });
    const index = search.index ?? createIndexBucket(this, 'Index', search);
    new CfnOutput(this, 'ImagesBucket', { value: images.bucketName, description: 'Put pictures here' });
    new CfnOutput(this, 'IndexBucket', { value: index.bucketName, description: 'Log, manifests and index' });
    if (!serving) return;

    const nested = new NestedStack(this, 'Serving', {
      description: 'Likeness: functions, queues, API and alarms.',
    });
    this.search = new ImageSearch(nested, 'Search', { ...search, images, index });
    const { url, consoleUrl, dashboard, ingestion } = this.search;
    const console = `https://${this.region}.console.aws.amazon.com/cloudwatch/home?region=${this.region}`;
    new CfnOutput(this, 'ApiUrl', { value: url, description: 'Address of the API' });
    new CfnOutput(this, 'DashboardUrl', { value: `${console}#dashboards:name=${dashboard.dashboardName}` });
    new CfnOutput(this, 'TryIt', {
      value: `aws s3 cp photo.jpg s3://${images.bucketName}/ && sleep 15 && npx likeness-search search photo.jpg --endpoint ${url}`,
      description: 'Upload a picture and find it',
    });
    new CfnOutput(this, 'UploadsQueueUrl', {
      value: ingestion.queue.queueUrl,
      description: 'Where likeness backfill sends its work (--queue-url)',
    });
    new CfnOutput(this, 'DeadLettersArn', {
      value: ingestion.deadLetters.queueArn,
      description: 'Uploads that five tries could not index',
    });
    if (consoleUrl) new CfnOutput(this, 'ConsoleUrl', { value: consoleUrl });
  }
}
