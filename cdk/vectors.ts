/** The index in Amazon S3 Vectors, which compact fills and search asks. All of it can be made again from the index bucket. */

import { RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnIndex, CfnVectorBucket } from 'aws-cdk-lib/aws-s3vectors';
import { Construct } from 'constructs';
import { dimensionsOf } from '../pictures/dimensions.ts';
import { LINE } from '../vectorlog/far/far-index.ts';
import { FAR_PREFIX } from '../vectorlog/names.ts';
import type { LikenessFunction, LikenessFunctionProps } from './likeness-function.ts';
import { type Buckets, permit } from './permissions.ts';

export class Vectors extends Construct {
  /** What the functions are told of it. */
  readonly environment: LikenessFunctionProps['environment'];
  readonly #index: CfnIndex;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, modelId: string, key: IKey | undefined) {
    super(scope, id);
    this.#key = key;
    // Names of their own, so that an index that is made anew is known to be another one.
    const bucket = new CfnVectorBucket(this, 'Bucket', {
      ...(key && { encryptionConfiguration: { sseType: 'aws:kms', kmsKeyArn: key.keyArn } }),
    });
    this.#index = new CfnIndex(this, 'Index', {
      vectorBucketArn: bucket.attrVectorBucketArn,
      dataType: 'float32',
      dimension: dimensionsOf(modelId),
      distanceMetric: 'cosine',
      metadataConfiguration: { nonFilterableMetadataKeys: [LINE] },
    });
    bucket.applyRemovalPolicy(RemovalPolicy.DESTROY);
    this.#index.applyRemovalPolicy(RemovalPolicy.DESTROY);
    this.environment = { vectorIndex: this.#index.attrIndexArn };
  }

  /** Lets compact fill it and measure it. */
  permitCompact(compact: LikenessFunction, buckets: Buckets & { readonly modelId: string }): void {
    const actions = [...ASKING, 's3vectors:PutVectors', 's3vectors:DeleteVectors'];
    compact.addToRolePolicy(new PolicyStatement({ actions, resources: [this.#index.attrIndexArn] }));
    const objects = { [FAR_PREFIX]: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'] } as const;
    permit(compact, { index: objects }, buckets, buckets.modelId);
    this.#key?.grantEncryptDecrypt(compact);
  }

  /** Lets search ask it. */
  permitSearch(search: LikenessFunction, buckets: Buckets & { readonly modelId: string }): void {
    const statement = new PolicyStatement({ actions: [...ASKING], resources: [this.#index.attrIndexArn] });
    search.addToRolePolicy(statement);
    permit(search, { index: { [FAR_PREFIX]: ['s3:GetObject'] } }, buckets, buckets.modelId);
  }
}

/** A query that filters, or wants metadata, needs GetVectors as well. */
const ASKING = ['s3vectors:QueryVectors', 's3vectors:GetVectors'] as const;
