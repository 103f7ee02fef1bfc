/** The two stacks: one that holds the data and outlives everything, and one inside it that can be replaced at will. */

import { CfnOutput, NestedStack, Stack, type StackProps } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, type ILayerVersion, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import manifest from '../package.json' with { type: 'json' };
import { formatEndings, PICTURE_ENDINGS } from '../pictures/picture-names.ts';
import { createImagesBucket, createIndexBucket, KEEP_DELETED } from './buckets.ts';
import { consoleLink } from './console-link.ts';
import { ImageSearch, type Pipeline } from './image-search.ts';
import type { ApiAuth, ImageSearchProps } from './image-search-props.ts';
import { MAIN } from './models.ts';

/** A bucket that you have. */
export interface ExistingBucket {
  readonly name: string;
  /** ARN of the key of KMS that it is encrypted with, where that is not one of AWS's own. */
  readonly keyArn?: string;
}

export interface LikenessStackProps extends StackProps {
  /** @default - see ImageSearchProps */
  readonly search?: ImageSearchProps;
  /**
   * The bucket whose pictures are to be searched.
   *
   * @default - `search.images`, or a new bucket
   */
  readonly images?: ExistingBucket;
  /**
   * The bucket of the index.
   *
   * @default - `search.index`, or a new bucket
   */
  readonly index?: ExistingBucket;
  /** ARN of a KMS key for all that is made. @default - `search.key`, or keys of AWS */
  readonly keyArn?: string;
  /**
   * Layers with decoders (docs/formats.md): ARNs of versions that are there, or folders to make them of.
   *
   * @default - `search.decoders`, or none
   */
  readonly decoders?: readonly string[];
  /** Id of a VPC for the functions; the stack then needs an account and a region. @default - `search.vpc`, or none */
  readonly vpcId?: string;
  /**
   * Without it the stack holds the buckets alone: everything that costs money while idle is gone, no data is.
   *
   * @default true
   */
  readonly serving?: boolean;
}

/**
 * Buckets are here, and stay when the stack goes; queues, functions, API and alarms are in the nested stack `Serving`.
 * They are nested and not beside each other so that a plain `cdk deploy` deploys both.
 *
 * It is not protected against deletion from the first moment: a first deployment that fails could then not be repeated.
 * `npm run deploy` protects it once it stands.
 */
export class LikenessStack extends Stack {
  /** Absent when nothing is served. */
  readonly search: ImageSearch | undefined;

  constructor(
    scope: Construct,
    id: string,
    {
      search: asked = {},
      images: ownImages,
      index: ownIndex,
      keyArn,
      vpcId,
      decoders,
      serving = true,
      ...props
    }: LikenessStackProps = {},
  ) {
    super(scope, id, {
      description: 'Likeness: image similarity search. This stack holds the data.',
      ...props,
    });
    const search: ImageSearchProps = {
      ...asked,
      ...(keyArn && { key: Key.fromKeyArn(this, 'Key', keyArn) }),
      ...(vpcId && { vpc: Vpc.fromLookup(this, 'Vpc', { vpcId }) }),
    };
    // The console's address is known only after the bucket. Every upload is signed, so the origin protects nothing.
    const corsOrigins = search.console ? ['*'] : (search.corsOrigins ?? []);
    const given = ownImages ? existing(this, 'OwnImages', ownImages) : search.images;
    const images = given ?? createImagesBucket(this, 'Images', { ...search, corsOrigins });
    const index =
      (ownIndex ? existing(this, 'OwnIndex', ownIndex) : search.index) ??
      createIndexBucket(this, 'Index', { ...search, corsOrigins });
    this.output('ImagesBucket', images.bucketName, 'Put pictures here');
    this.output('IndexBucket', index.bucketName, 'Log, manifests and index');
    if (!serving) return;

    const nested = new NestedStack(this, 'Serving', {
      description: 'Likeness: functions, queues, API and alarms.',
    });
    const isNew = given === undefined;
    this.search = new ImageSearch(nested, 'Search', {
      name: this.stackName,
      uploads: isNew,
      deletes: isNew,
      ...(isNew && { keepDeleted: KEEP_DELETED }),
      ...search,
      ...(decoders && { decoders: decoders.map((each, i) => decoderLayer(nested, `Decoder${i + 1}`, each)) }),
      images,
      index,
    });
    this.outputsOf(this.search, search.auth ?? 'iam');
  }

  private outputsOf(search: ImageSearch, auth: ApiAuth): void {
    const { url, consoleUrl, dashboard, model, images, filter } = search;
    this.output('ApiUrl', url, 'Address of the API');
    // `npm run deploy` compares these three with what it is about to deploy.
    this.output('Model', model.modelId, 'What searches look with');
    const models = Object.values(search.pipelines).map((pipeline) => pipeline.model.modelId);
    this.output('Models', models.join(' '), 'What pictures are embedded by');
    this.output('Auth', authName(auth), 'Who may call the API');
    if (typeof auth === 'object' && 'jwt' in auth) {
      const { audience, scopes = {} } = auth.jwt;
      this.output('Tokens', JSON.stringify({ audience, scopes }), 'Of which tokens, and what they may do');
    }
    if (consoleUrl) this.output('ConsoleUrl', consoleUrl, 'The console');
    if (dashboard)
      this.output(
        'DashboardUrl',
        `${consoleLink(this, 'cloudwatch')}#dashboards:name=${dashboard.dashboardName}`,
      );
    for (const [i, [name, target]] of Object.entries(search.domainTargets).entries())
      this.output(`Domain${i + 1}`, target, `What the DNS record of ${name} must point to`);
    this.output(
      'TryIt',
      `aws s3 cp photo.jpg s3://${images.bucketName}/${filter.prefix} && sleep 15 && npx ${PACKAGE} search photo.jpg --endpoint ${url}${this.proofFor(search, auth)}`,
      'Upload a picture and find it',
    );
    for (const [name, pipeline] of Object.entries(search.pipelines))
      this.outputsOfModel(search, name, pipeline);
  }

  /** The flag by which the command line proves who its user is, beyond what it does by itself. */
  private proofFor({ search }: ImageSearch, auth: ApiAuth): string {
    if (auth === 'none') return '';
    if (auth !== 'iam') return ' --token <token>';
    // A name of the owner's says nothing of AWS.
    return search.domainTarget === undefined ? '' : ` --sign ${this.region}`;
  }

  private outputsOfModel(
    { images, index, filter }: ImageSearch,
    name: string,
    { ingestion, model, backfill }: Pipeline,
  ): void {
    const suffix = name === MAIN ? '' : name[0]!.toUpperCase() + name.slice(1);
    this.output(
      `DeadLettersArn${suffix}`,
      ingestion.deadLetters.queueArn,
      'Uploads that all tries could not index',
    );
    if (ingestion.queue)
      this.output(
        `UploadsQueueUrl${suffix}`,
        ingestion.queue.queueUrl,
        'Where a backfill sends its work, and events of your own go',
      );
    const worker = ingestion.queue
      ? `--queue-url ${ingestion.queue.queueUrl}`
      : `--function ${ingestion.function.functionName}`;
    this.output(
      `Backfill${suffix}`,
      [
        `npx ${PACKAGE} backfill --images-bucket ${images.bucketName} --index-bucket ${index.bucketName}`,
        `${worker} --model ${model.modelId}`,
        ...(filter.prefix ? [`--prefix '${filter.prefix}'`] : []),
        ...(filter.endings === PICTURE_ENDINGS ? [] : [`--endings '${formatEndings(filter.endings)}'`]),
      ].join(' '),
      'Has pictures indexed that were there before',
    );
    if (backfill)
      this.output(
        `BackfillMachine${suffix}`,
        backfill.stateMachine.stateMachineArn,
        'The same in the cloud: likeness backfill --cloud <this>; rebuild and verify too',
      );
  }

  private output(id: string, value: string, description?: string): void {
    new CfnOutput(this, id, { value, ...(description && { description }) });
  }
}

/** What `npx` runs outside a clone. */
const PACKAGE = manifest.name;

const existing = (scope: Construct, id: string, { name, keyArn }: ExistingBucket): IBucket =>
  Bucket.fromBucketAttributes(scope, id, {
    bucketName: name,
    ...(keyArn && { encryptionKey: Key.fromKeyArn(scope, `${id}Key`, keyArn) }),
  });

const decoderLayer = (scope: Construct, id: string, arnOrFolder: string): ILayerVersion =>
  arnOrFolder.startsWith('arn:')
    ? LayerVersion.fromLayerVersionArn(scope, id, arnOrFolder)
    : new LayerVersion(scope, id, { code: Code.fromAsset(arnOrFolder), description: 'Likeness: a decoder' });

/** As an output has it: `iam`, `none`, `users`, or the issuer of tokens. */
function authName(auth: ApiAuth): string {
  if (typeof auth === 'string') return auth;
  return 'users' in auth ? 'users' : `jwt ${auth.jwt.issuer}`;
}
