/** Takes away the stack of a test, and the buckets that a stack keeps. */

import {
  type CloudFormationClient,
  DeleteStackCommand,
  UpdateTerminationProtectionCommand,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { deployedStack } from '../../scripts/deploy/deployed.ts';

/** @returns what was removed */
export async function removeAll({
  cloudFormation: client,
  s3,
  stack: StackName,
  bucket,
}: {
  readonly cloudFormation: CloudFormationClient;
  readonly s3: S3Client;
  readonly stack: string;
  readonly bucket: string;
}): Promise<string> {
  const index = (await deployedStack(client, StackName))?.outputs.IndexBucket;
  await client.send(
    new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }),
  );
  await client.send(new DeleteStackCommand({ StackName }));
  await waitUntilStackDeleteComplete({ client, maxWaitTime: 15 * 60 }, { StackName });
  const buckets = [bucket, ...(index ? [index] : [])];
  for (const each of buckets) await removeBucket(s3, each);
  return `the stack, ${buckets.join(', ')}`;
}

/** With every version in it. */
export async function removeBucket(client: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await client.send(
      new ListObjectVersionsCommand({ Bucket }),
    );
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) break;
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
  }
  await client.send(new DeleteBucketCommand({ Bucket }));
}
