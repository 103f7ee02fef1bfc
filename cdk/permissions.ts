/** What each function may do to the two buckets: the actions and prefixes that it uses, and nothing else. */

import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { DECISIONS_PREFIX, FINGERPRINTS_PREFIX, IN_WORK_PREFIX, VERDICTS_PREFIX } from '../pictures/names.ts';
import { THUMBNAILS_PREFIX } from '../pictures/thumbnails/thumbnails.ts';
import { INDEX_PREFIX, LOG_PREFIX, MANIFEST_PREFIX, REJECTED_PREFIX } from '../vectorlog/names.ts';

type ObjectAction =
  | 's3:GetObject'
  | 's3:PutObject'
  | 's3:DeleteObject'
  | 's3:DeleteObjectVersion'
  | 's3:AbortMultipartUpload';

/** Actions on the objects of a bucket, by the prefix of their keys. */
type ObjectPermissions = Readonly<Record<string, readonly ObjectAction[]>>;

interface Permissions {
  readonly images?: ObjectPermissions;
  /** Prefixes are relative to the model's namespace. */
  readonly index: ObjectPermissions;
}

/** What whoever answers requests reads of the index, and what was refused. */
const READ_INDEX = {
  [LOG_PREFIX]: ['s3:GetObject'],
  [MANIFEST_PREFIX]: ['s3:GetObject'],
  [INDEX_PREFIX]: ['s3:GetObject'],
  [REJECTED_PREFIX]: ['s3:GetObject'],
} as const;

/**
 * Every function may also list the buckets in which it reads. Without that right S3 answers 403 instead of 404 for a
 * key that is not there, and a picture deleted a moment ago would look like a missing permission.
 */
export const PERMISSIONS = {
  onUpload: {
    images: { '': ['s3:GetObject'] },
    index: {
      // Read back after an answer that leaves open whether the write happened.
      [LOG_PREFIX]: ['s3:GetObject', 's3:PutObject'],
      [REJECTED_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      [IN_WORK_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      // Before it appends it asks whether the index is one of its own.
      [MANIFEST_PREFIX]: ['s3:GetObject'],
    },
  },
  compact: {
    index: {
      [LOG_PREFIX]: ['s3:GetObject', 's3:DeleteObject'],
      [MANIFEST_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      [INDEX_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      // Those of pictures that were replaced or deleted.
      [THUMBNAILS_PREFIX]: ['s3:DeleteObject'],
    },
  },
  backfill: {
    // That a picture can be read is asked before an index is emptied.
    images: { '': ['s3:GetObject'] },
    index: {
      [LOG_PREFIX]: ['s3:GetObject'],
      [MANIFEST_PREFIX]: ['s3:GetObject', 's3:PutObject'],
      [INDEX_PREFIX]: ['s3:GetObject', 's3:PutObject'],
      [REJECTED_PREFIX]: ['s3:GetObject', 's3:DeleteObject'],
      // Those of pictures that are not in the index.
      [THUMBNAILS_PREFIX]: ['s3:DeleteObject'],
    },
  },
  search: {
    // Addresses of pictures are signed with this role, and can do no more than it can.
    images: { '': ['s3:GetObject'] },
    index: {
      ...READ_INDEX,
      // What duplicates are judged by, the verdicts, and what people decided.
      [FINGERPRINTS_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      [VERDICTS_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      [DECISIONS_PREFIX]: ['s3:GetObject'],
    },
  },
  front: {
    // What the bucket has of a key is part of its state.
    images: { '': ['s3:GetObject'] },
    index: {
      ...READ_INDEX,
      [DECISIONS_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
    },
  },
  /** What on-upload and search may do besides where thumbnails are made. */
  writeThumbnails: { index: { [THUMBNAILS_PREFIX]: ['s3:PutObject'] } },
  signThumbnails: { index: { [THUMBNAILS_PREFIX]: ['s3:GetObject'] } },
} satisfies Record<string, Permissions>;

/** What front may do to pictures where the owner lets callers upload or delete; signed uploads can do no more than it can. */
export function permitChanges(
  grantee: IGrantable,
  images: IBucket,
  {
    uploads,
    deletes,
    prefix,
  }: { readonly uploads: boolean; readonly deletes: boolean; readonly prefix: string },
): void {
  const actions: ObjectAction[] = [];
  if (uploads) actions.push('s3:PutObject');
  if (deletes) {
    // A delete marker is a version: to undo a deletion is to remove it.
    actions.push('s3:DeleteObject', 's3:DeleteObjectVersion');
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['s3:GetBucketVersioning', 's3:ListBucketVersions'],
        resources: [images.bucketArn],
      }),
    );
  }
  if (actions.length === 0) return;
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions, resources: [images.arnForObjects(`${prefix}*`)] }),
  );
  if (uploads) images.encryptionKey?.grantEncrypt(grantee);
}

export interface Buckets {
  readonly images: IBucket;
  readonly index: IBucket;
}

/** Gives a function what `PERMISSIONS` says of it, within the namespace of one model. */
export function permit(
  grantee: IGrantable,
  permissions: Permissions,
  buckets: Buckets,
  modelId: string,
): void {
  if (permissions.images) permitBucket(grantee, buckets.images, permissions.images, '');
  permitBucket(grantee, buckets.index, permissions.index, `${modelId}/`);
}

function permitBucket(
  grantee: IGrantable,
  bucket: IBucket,
  objects: ObjectPermissions,
  namespace: string,
): void {
  const principal = grantee.grantPrincipal;
  principal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
  );
  for (const [prefix, actions] of Object.entries(objects)) {
    principal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [bucket.arnForObjects(`${namespace}${prefix}*`)],
      }),
    );
  }
  // A bucket of the user's may have a key of its own.
  const writes = Object.values(objects).some((actions) => actions.includes('s3:PutObject'));
  if (writes) bucket.encryptionKey?.grantEncryptDecrypt(grantee);
  else bucket.encryptionKey?.grantDecrypt(grantee);
}
