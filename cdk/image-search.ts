/** `ImageSearch`: image similarity search over a bucket, as one construct. */

import { Duration, Stack, Tags } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnVPCEndpoint, GatewayVpcEndpointAwsService, type IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { SEARCH_LIMITS } from '../functions/search/limits.ts';
import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import { DEFAULT_FILTER, formatEndings, type PictureFilter } from '../pictures/picture-names.ts';
import { acknowledgeWildcards } from './acknowledgements.ts';
import { Alarms } from './alarms.ts';
import { SearchApi } from './api.ts';
import { Backfill } from './backfill.ts';
import { createImagesBucket, createIndexBucket, KEEP_DELETED } from './buckets.ts';
import { Compaction } from './compaction.ts';
import { ConfigurationInvalid } from './configuration-invalid.ts';
import { Console, requireBrowserAuth } from './console.ts';
import { createDashboard } from './dashboard.ts';
import type { ApiAuth, CallerAuth, ImageSearchProps } from './image-search-props.ts';
import { Ingestion } from './ingestion.ts';
import { KEY_ACTIONS, keyUsers } from './key-users.ts';
import type { LikenessFunctionProps, Surroundings } from './likeness-function.ts';
import { modelLayer } from './model-layer.ts';
import { MAIN, modelsOf, type NamedModel } from './models.ts';
import { acknowledgeNotificationsHandler } from './notified-bucket.ts';
import { subscribe } from './picture-events.ts';
import { Users } from './users.ts';
import { Vectors } from './vectors.ts';

/** What embeds with one model, and folds what it embedded. */
export interface Pipeline {
  readonly model: ModelInfo;
  readonly layer: ILayerVersion;
  readonly ingestion: Ingestion;
  readonly compaction: Compaction;
  /** Where its rows are projected; absent with the engine `memory`. */
  readonly vectors: Vectors | undefined;
  /** Absent unless it was asked for. */
  readonly backfill: Backfill | undefined;
}

/**
 * Pictures that are put into `images` are found by likeness at `url` a moment later.
 *
 * @example
 * new ImageSearch(this, 'Search', { images: bucket });
 */
export class ImageSearch extends Construct {
  /** The bucket of the pictures. */
  readonly images: IBucket;
  /** The bucket of the index. */
  readonly index: IBucket;
  /** What searches look with. */
  readonly model: ModelInfo;
  /** Address of the API, without a slash at its end. */
  readonly url: string;
  /** Address of the console, where there is one. */
  readonly consoleUrl: string | undefined;
  /** Of the model that searches look with. */
  readonly ingestion: Ingestion;
  readonly compaction: Compaction;
  /** Of every model, by its name. */
  readonly pipelines: Readonly<Record<string, Pipeline>>;
  readonly search: SearchApi;
  /** Absent unless it was asked for. */
  readonly dashboard: Dashboard | undefined;
  /** What of the bucket is indexed. */
  readonly filter: PictureFilter;
  /** By name of a domain of one's own: what its DNS record must point to. */
  readonly domainTargets: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, { key: ownKey, ...rest }: ImageSearchProps = {}) {
    super(scope, id);
    const props: ImageSearchProps = { ...rest, ...(ownKey && { key: allowedKey(this, ownKey, rest) }) };
    refuseOneBucket(props);
    const models = modelsOf(props);
    this.model = models.active.model;
    this.filter = {
      prefix: props.prefix ?? DEFAULT_FILTER.prefix,
      endings: props.endings ?? DEFAULT_FILTER.endings,
    };

    if (props.console) requireBrowserAuth(props);
    const console = props.console ? new Console(this, 'Console', props.domain?.console) : undefined;
    const users = this.users(props.auth, console);
    const auth = users?.auth ?? (props.auth as CallerAuth | undefined);
    const corsOrigins = [...(props.corsOrigins ?? []), ...(console ? [console.url] : [])];
    const own = props.images === undefined;
    this.images = props.images ?? createImagesBucket(this, 'Images', { ...props, corsOrigins });
    this.index = props.index ?? createIndexBucket(this, 'Index', { ...props, corsOrigins });
    if (props.vpc && (props.s3Endpoint ?? !hasS3Endpoint(props.vpc)))
      props.vpc.addGatewayEndpoint('LikenessS3', { service: GatewayVpcEndpointAwsService.S3 });

    const pipelines = models.all.map((each) => [each.name, this.pipeline(each, props)] as const);
    this.pipelines = Object.fromEntries(pipelines);
    const active = this.pipelines[models.active.name]!;
    this.ingestion = active.ingestion;
    this.compaction = active.compaction;
    const notifications = this.node.tryFindChild('Ingestion') ?? new Construct(this, 'Ingestion');
    subscribe(notifications as Construct, {
      images: this.images,
      filter: this.filter,
      events: props.events ?? 's3',
      targets: pipelines.map(([, { ingestion }]) => ingestion.queue ?? ingestion.function),
      key: props.key,
    });

    for (const [, { backfill, model, ingestion, compaction }] of pipelines)
      backfill?.startOnce({
        modelId: model.modelId,
        images: this.images,
        index: this.index,
        after: [ingestion, compaction, notifications],
      });

    const changes = { uploads: props.uploads ?? own, deletes: props.deletes ?? own };
    const buckets = { images: this.images, index: this.index, modelId: this.model.modelId };
    this.search = new SearchApi(this, 'Api', {
      ...props,
      auth,
      ...buckets,
      ...changes,
      filter: this.filter,
      corsOrigins,
      function: this.searchProps(models.active, active, props, changes),
      front: this.frontProps(models.active, props, changes),
      domain: props.domain?.api,
    });
    active.vectors?.permitSearch(this.search.function, buckets);
    active.backfill?.permitLook(this.search.function);
    this.url = this.search.url;
    this.consoleUrl = console?.url;
    console?.publish(this.url, auth, users?.signIn);
    this.domainTargets = {
      ...(props.domain?.api && { [props.domain.api.name]: this.search.domainTarget! }),
      ...(console?.domainTarget && { [props.domain!.console!.name]: console.domainTarget }),
    };

    const { ingestion, compaction, search } = this;
    const observed = { system: this.system(props, models.active), ingestion, compaction, search };
    if (props.alarms) new Alarms(this, 'Alarms', { ...observed, tell: props.alarms, key: props.key });
    this.dashboard = props.dashboard ? createDashboard(this, 'Dashboard', observed) : undefined;

    for (const [name, value] of Object.entries(props.tags ?? {})) Tags.of(this).add(name, value);
    acknowledgeWildcards(this);
    acknowledgeNotificationsHandler(Stack.of(this));
  }

  /** Unique in an account and region, as stack names are; what counts for another model than `main` has its name behind it. */
  private system({ name }: ImageSearchProps, model: NamedModel): string {
    const suffix = model.name === MAIN ? '' : `/${model.name}`;
    if (name) return name + suffix;
    let stack = Stack.of(this);
    while (stack.nestedStackParent) stack = stack.nestedStackParent;
    return `${stack.stackName}/${this.node.path.split('/').slice(1).join('/')}${suffix}`;
  }

  /** Those who sign in on the console, where the owner named them. */
  private users(auth: ApiAuth | undefined, console: Console | undefined): Users | undefined {
    if (typeof auth !== 'object' || !('users' in auth)) return undefined;
    if (!console) throw new ConfigurationInvalid('users sign in on the console: set console to true as well');
    return new Users(this, 'Users', { invited: auth.users, consoleUrl: console.url });
  }

  /** Everything between an event and the index of one model. */
  private pipeline(named: NamedModel, props: ImageSearchProps): Pipeline {
    const { name, assets, model } = named;
    const scope = name === MAIN ? this : new Construct(this, name);
    const shared = this.sharedProps(named, props);
    const vectors =
      props.engine === 's3-vectors' ? new Vectors(scope, 'Vectors', model.modelId, props.key) : undefined;
    const layer = modelLayer(scope, 'Model', assets.layer, model, shared.architecture);
    const buckets = { images: this.images, index: this.index, modelId: model.modelId };
    const names = { imagesBucket: this.images.bucketName, indexBucket: this.index.bucketName };
    const compaction = new Compaction(scope, 'Compaction', {
      ...buckets,
      schedule:
        props.schedule ?? ScheduleExpression.rate(Duration.minutes(props.vpc ? 5 : vectors ? 15 : 60)),
      function: {
        ...shared,
        description: 'Likeness: folds the log into one FAISS file',
        quiet: true,
        code: assets.compact,
        layers: [],
        memory: props.memory?.compact ?? 1024,
        timeout: props.timeout?.compact ?? Duration.minutes(15),
        ...(props.oneCompaction && { reserved: 1 }),
        environment: { ...names, modelId: model.modelId, ...vectors?.environment },
      },
    });
    vectors?.permitCompact(compaction.function, buckets);
    const ingestion = new Ingestion(scope, 'Ingestion', {
      ...buckets,
      maxConcurrency: props.maxConcurrency ?? 5,
      intake: props.intake ?? 'queue',
      thumbnails: props.thumbnails ?? true,
      // Lambda cannot be reached from a VPC without an endpoint that costs more than all else.
      compact: props.vpc ? undefined : compaction.function,
      key: props.key,
      function: {
        ...shared,
        description: 'Likeness: embeds uploaded pictures and appends them to the log',
        code: assets.onUpload,
        layers: [layer, ...(props.decoders ?? [])],
        memory: props.memory?.onUpload ?? 3008,
        timeout: props.timeout?.onUpload ?? Duration.minutes(2),
        environment: {
          ...names,
          modelFolder: MODEL_FOLDER,
          ...(this.filter.prefix && { prefix: this.filter.prefix }),
          endings: formatEndings(this.filter.endings),
        },
      },
    });
    const backfill = props.backfill ? this.backfill(scope, named, props, ingestion) : undefined;
    return { model, layer, ingestion, compaction, vectors, backfill };
  }

  private backfill(
    scope: Construct,
    { assets, ...named }: NamedModel,
    props: ImageSearchProps,
    { queue }: Ingestion,
  ): Backfill {
    if (!queue)
      throw new ConfigurationInvalid('backfill sends its work to the queue, and intake "direct" has none');
    if (props.vpc)
      throw new ConfigurationInvalid('backfill cannot reach the queue from a VPC: run likeness backfill');
    const { modelId } = named.model;
    return new Backfill(scope, 'Backfill', {
      images: this.images,
      index: this.index,
      modelId,
      queue,
      key: props.key,
      function: {
        ...this.sharedProps({ assets, ...named }, props),
        description: 'Likeness: compares the bucket with the index',
        code: assets.backfill,
        layers: [],
        memory: props.memory?.backfill ?? 1_769,
        timeout: props.timeout?.backfill ?? Duration.minutes(15),
        environment: {
          imagesBucket: this.images.bucketName,
          indexBucket: this.index.bucketName,
          modelId,
          thumbnails: (props.thumbnails ?? true) ? 'on' : 'off',
          ...(this.filter.prefix && { prefix: this.filter.prefix }),
          endings: formatEndings(this.filter.endings),
        },
      },
    });
  }

  private searchProps(
    named: NamedModel,
    { layer, vectors, backfill }: Pipeline,
    props: ImageSearchProps,
    changes: Changes,
  ): LikenessFunctionProps {
    return {
      ...this.sharedProps(named, props),
      description: 'Likeness: answers the HTTP API',
      // The access log has a line for each request.
      quiet: true,
      code: named.assets.search,
      layers: [layer, ...(props.decoders ?? [])],
      memory: searchMemory(props),
      timeout: searchTimeout(props),
      environment: {
        imagesBucket: this.images.bucketName,
        indexBucket: this.index.bucketName,
        modelFolder: MODEL_FOLDER,
        consistency: props.consistency ?? 'strong',
        thumbnails: (props.thumbnails ?? true) ? 'on' : 'off',
        ...this.changesEnvironment(props, changes),
        ...vectors?.environment,
        ...(backfill && { backfill: backfill.stateMachine.stateMachineArn }),
      },
    };
  }

  private frontProps(named: NamedModel, props: ImageSearchProps, changes: Changes): LikenessFunctionProps {
    return {
      ...this.sharedProps(named, props),
      description: 'Likeness: answers what needs neither model nor index',
      quiet: true,
      code: named.assets.front,
      layers: [],
      memory: props.memory?.front ?? 1_024,
      timeout: props.timeout?.front ?? Duration.minutes(5),
      environment: {
        imagesBucket: this.images.bucketName,
        indexBucket: this.index.bucketName,
        modelId: named.model.modelId,
        ...(named.model.synthetic && { synthetic: 'on' }),
        ...(props.engine !== 's3-vectors' && { searchMemory: String(searchMemory(props)) }),
        ...this.changesEnvironment(props, changes),
      },
    };
  }

  /** What search and front are told of what callers may do. */
  private changesEnvironment(
    props: ImageSearchProps,
    { uploads, deletes }: Changes,
  ): LikenessFunctionProps['environment'] {
    return {
      uploads: uploads ? 'on' : 'off',
      deletes: deletes ? 'on' : 'off',
      ...(typeof props.auth === 'object' &&
        'jwt' in props.auth &&
        props.auth.jwt.scopes && { scopes: JSON.stringify(props.auth.jwt.scopes) }),
      // Of a bucket that is not made here nobody knows the rules.
      ...((props.keepDeleted || !props.images) && {
        keptDays: String((props.keepDeleted ?? KEEP_DELETED).toDays()),
      }),
      ...(this.filter.prefix && { prefix: this.filter.prefix }),
    };
  }

  private sharedProps(model: NamedModel, props: ImageSearchProps) {
    const surroundings: Surroundings = {
      system: this.system(props, model),
      logRetention: props.logRetention,
      tracing: props.tracing ?? false,
      // Nobody pays for figures that nobody looks at.
      metrics: props.dashboard === true || props.alarms !== undefined,
      vpc: props.vpc,
      subnets: props.subnets,
      key: props.key,
    };
    return { architecture: props.architecture ?? 'x64', surroundings };
  }
}

/** Whether this app gives the VPC a gateway endpoint of S3, for another system in it or of its own. */
const hasS3Endpoint = (vpc: IVpc): boolean =>
  vpc.node
    .findAll()
    .filter((each) => each instanceof CfnVPCEndpoint)
    .some(
      ({ vpcEndpointType, serviceName }) =>
        vpcEndpointType === 'Gateway' && JSON.stringify(Stack.of(vpc).resolve(serviceName)).includes('.s3"'),
    );

/** Megabytes. */
const searchMemory = ({ memory }: ImageSearchProps): number => memory?.search ?? 3_008;

/** A process that is killed while it loads begins anew: a search must be able to say in time that it is still loading. */
function searchTimeout({ timeout }: ImageSearchProps): Duration {
  const { search = Duration.minutes(5) } = timeout ?? {};
  const least = (3 * SEARCH_LIMITS.loadingPatienceMs) / 2;
  if (search.toMilliseconds() < least)
    throw new ConfigurationInvalid(`timeout.search must be ${least / 1000} seconds at least`);
  return search;
}

/** What callers of the API may do to the pictures. */
interface Changes {
  readonly uploads: boolean;
  readonly deletes: boolean;
}

/** Where the layer of a model is unpacked. */
const MODEL_FOLDER = '/opt/model';

/**
 * The key, with the services that use it in its policy; a key of another stack takes no statements from here. What is
 * made here knows it by its ARN alone: the CDK would write buckets and queues into its policy, and they need it first.
 */
function allowedKey(scope: Construct, key: IKey, props: ImageSearchProps): IKey {
  for (const service of keyUsers(props, Stack.of(scope)))
    key.addToResourcePolicy(
      new PolicyStatement({
        actions: [...KEY_ACTIONS],
        principals: [new ServicePrincipal(service)],
        resources: ['*'],
      }),
    );
  return Key.fromKeyArn(scope, 'Key', key.keyArn);
}

/** What the system itself writes must not come back to it as events. */
function refuseOneBucket({ images, index, accessLogs }: ImageSearchProps): void {
  const isImages = (bucket: IBucket | undefined) =>
    images !== undefined && bucket !== undefined && images.bucketName === bucket.bucketName;
  if (isImages(index))
    throw new ConfigurationInvalid(
      'pictures and index need a bucket each: what the index writes would be taken for pictures',
    );
  if (isImages(accessLogs))
    throw new ConfigurationInvalid(
      'accessLogs is the bucket of the pictures, where each log file would be an event that writes another one',
    );
}
