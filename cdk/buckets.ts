/** The two buckets: encrypted, TLS only, private, and kept when the stack goes. */

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';

/** What the two buckets can be told. */
export interface BucketOptions {
  /** @default - S3's own key */
  readonly key?: IKey;
  /** @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE */
  readonly removalPolicy?: RemovalPolicy;
  /** @default - no access logs */
  readonly accessLogs?: IBucket;
  /** How long deleted and replaced pictures can be had back. @default Duration.days(30) */
  readonly keepDeleted?: Duration;
  /** Origins whose pages may upload. @default - none */
  readonly corsOrigins?: readonly string[];
}

/** How long pictures can be had back that were deleted or replaced in a bucket that is made here. */
export const KEEP_DELETED = Duration.days(30);

/** The bucket of the pictures, which keeps old versions for a while; pages of `corsOrigins` may read from it and upload to it with signed requests. */
export function createImagesBucket(scope: Construct, id: string, options: BucketOptions = {}): IBucket {
  const bucket = createBucket(scope, id, options, true);
  // A rule of its own: an expiry of markers goes with no other kind.
  bucket.addLifecycleRule({
    id: 'ForgetDeletedPictures',
    noncurrentVersionExpiration: options.keepDeleted ?? KEEP_DELETED,
    expiredObjectDeleteMarker: true,
  });
  allow(bucket, options, [HttpMethods.GET, HttpMethods.HEAD, HttpMethods.PUT, HttpMethods.POST]);
  return asInterface(bucket);
}

/** The bucket of the log, the manifests and the index. */
export function createIndexBucket(scope: Construct, id: string, options: BucketOptions = {}): IBucket {
  const bucket = createBucket(scope, id, options, false);
  // Thumbnails are read by pages.
  allow(bucket, options, [HttpMethods.GET]);
  return asInterface(bucket);
}

/** Lets pages of the origins do these things, as far as the addresses that they have are signed for. */
function allow(bucket: Bucket, { corsOrigins }: BucketOptions, allowedMethods: HttpMethods[]): void {
  if (!corsOrigins?.length) return;
  bucket.addCorsRule({
    allowedOrigins: [...corsOrigins],
    allowedMethods,
    allowedHeaders: ['*'],
    exposedHeaders: ['ETag'],
    maxAge: 3600,
  });
}

function createBucket(scope: Construct, id: string, options: BucketOptions, versioned: boolean): Bucket {
  const bucket = new Bucket(scope, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    ...(options.key
      ? // One data key for many objects: a request to KMS for each would cost more than all else.
        { encryption: BucketEncryption.KMS, encryptionKey: options.key, bucketKeyEnabled: true }
      : { encryption: BucketEncryption.S3_MANAGED }),
    enforceSSL: true,
    versioned,
    // A first deployment that fails takes its empty buckets with it, so that it can be repeated.
    removalPolicy: options.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ...(options.accessLogs && {
      serverAccessLogsBucket: options.accessLogs,
      serverAccessLogsPrefix: `${id}/`,
    }),
    lifecycleRules: [
      {
        // Parts of an upload that nobody finished are paid for and seen by no listing.
        id: 'AbortUnfinishedUploads',
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
  });
  if (!options.accessLogs) {
    acknowledge(
      bucket,
      'Access logs need a third bucket and grow with every request; the accessLogs property turns them on.',
      'AwsSolutions-S1',
    );
  }
  return bucket;
}

/** The CDK's class misses its own interface by an `undefined` that exactOptionalPropertyTypes tells from absence. */
export const asInterface = (bucket: Bucket): IBucket => bucket as IBucket;
