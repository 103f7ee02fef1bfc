/** What can be set on an `ImageSearch`; every property has a default that deploys on a new account. */

import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Assets } from './bundling/assets.ts';
import type { LambdaArchitecture } from './bundling/native-packages.ts';

/**
 * Who may call the API: those whom a gateway can tell, or, where there is no identity provider, the users whose addresses
 * these are. They are invited by mail into a user pool of Amazon Cognito, and sign in on the console, which there must be.
 */
export type ApiAuth = CallerAuth | { readonly users: readonly string[] };

/** Signed AWS requests, holders of a token, or anybody. */
export type CallerAuth =
  | 'iam'
  | 'none'
  | {
      readonly jwt: {
        readonly issuer: string;
        readonly audience: readonly string[];
        /** @default - every token of the audience may do all */
        readonly scopes?: TokenScopes;
      };
    };

/** Scopes of which a token must have one. What has none is open to every token of the audience. */
export interface TokenScopes {
  /** To search, list and look. */
  readonly read?: readonly string[];
  /** To upload. */
  readonly upload?: readonly string[];
  /** To delete and restore, and to decide on duplicates. */
  readonly delete?: readonly string[];
}

/** One value for each function. */
export interface PerFunction<T> {
  /** For the function that embeds uploaded pictures. */
  readonly onUpload?: T;
  /** For the function that folds the log into the index. */
  readonly compact?: T;
  /** For the function that answers the API. */
  readonly search?: T;
  /** For the function that answers what needs neither model nor index: uploads, deletions, the trash, health. */
  readonly front?: T;
  /** For the function that compares bucket and index for a backfill in the cloud. */
  readonly backfill?: T;
}

/** A name of your own for the API or the console, with its certificate in AWS Certificate Manager. */
export interface CustomDomain {
  /** Such as `photos.example.com`. Its DNS record is yours to make; the stack's outputs say what it must point to. */
  readonly name: string;
  /** For the API of the stack's region, for the console of us-east-1. */
  readonly certificateArn: string;
}

/** What pictures are embedded by. */
export interface ModelChoice {
  /**
   * The weights of the network: `imagenet1k-v2`, `imagenet1k-v1`, `sscd`, the path of a file of your own, or `synthetic`
   * (random: for trying the machinery where nothing can be downloaded; finds no likeness of meaning).
   *
   * @default 'imagenet1k-v2'
   */
  readonly weights?: string;

  /**
   * How the network calculates: `fp32` as trained, `int8` smaller and faster with vectors that are a little off.
   *
   * @default 'fp32'
   */
  readonly precision?: 'fp32' | 'int8';

  /**
   * How feature maps become features: their mean, or `gem3`, the generalised mean with p = 3. Another one is another model,
   * with an index of its own.
   *
   * @default 'average', for `sscd` 'gem3'
   */
  readonly pool?: 'average' | 'gem3';

  /**
   * What of a picture the network sees: its middle (`center224`), a little more of it (`center224-of-232`), or all of it
   * squeezed into a square (`whole224`, or with twice the work `whole320`). Another one is another model, with an index of its own.
   *
   * @default 'center224', for `sscd` 'whole320'
   */
  readonly crop?: 'center224' | 'center224-of-232' | 'whole224' | 'whole320';

  /**
   * Folders with what the functions run, made for `architecture`.
   *
   * @default - bundled from this package when the app is synthesised
   */
  readonly assets?: Assets;
}

export interface ImageSearchProps extends ModelChoice {
  /**
   * Name of the system, which keeps its metrics apart from those of other systems in the account.
   *
   * @default - the name of the stack and the path of the construct in it
   */
  readonly name?: string;

  /**
   * The bucket of the pictures: a new one, or one that you have. Its notifications are added to, not replaced. A bucket
   * of your own keeps its own CORS, encryption and lifecycle rules.
   *
   * @default - a new bucket that stays when the stack goes
   */
  readonly images?: IBucket;

  /**
   * What of the bucket is indexed: keys that begin with it.
   *
   * @default - the whole bucket
   */
  readonly prefix?: string;

  /**
   * What of the bucket is indexed: keys that end with one of these, in any case, or `all`.
   *
   * @default - the endings of what is usually called a picture: see pictures/picture-names.ts
   */
  readonly endings?: readonly string[] | 'all';

  /**
   * How events of the bucket are told: by `s3` itself, or by `eventbridge`, which never gets in the way of a trigger that
   * the bucket has already (S3 refuses two that overlap), or by `none`: you send them to the queue of uploads yourself.
   *
   * @default 's3'
   */
  readonly events?: 's3' | 'eventbridge' | 'none';

  /**
   * How on-upload gets its events: from a `queue`, in batches, as many at once as `maxConcurrency` says; or `direct` from
   * S3, which costs nothing while idle, but makes one append of each picture and may take every execution that the
   * account has.
   *
   * @default 'queue'
   */
  readonly intake?: 'queue' | 'direct';

  /**
   * Makes a state machine that has indexed what was in the bucket before, rebuilds and verifies, for more objects than
   * one wants to list from a laptop. The deployment that makes it starts the first run; `likeness backfill --cloud` starts
   * another. It costs nothing while none runs. It needs the
   * queue (`intake`) and cannot be in a VPC.
   *
   * @default false
   */
  readonly backfill?: boolean;

  /**
   * Writes a small copy of each picture beside the index, and says in answers where it is: a page of pictures then needs
   * none of the originals. docs/cost.md has the price.
   *
   * @default true
   */
  readonly thumbnails?: boolean;

  /**
   * Whether the API signs uploads into the bucket.
   *
   * @default - only into a bucket that this construct makes
   */
  readonly uploads?: boolean;

  /**
   * Whether the API deletes pictures from the bucket.
   *
   * @default - only from a bucket that this construct makes
   */
  readonly deletes?: boolean;

  /**
   * The bucket of the log, the manifests and the index. Nothing else should write to it.
   *
   * @default - a new bucket that stays when the stack goes
   */
  readonly index?: IBucket;

  /**
   * Several models at once, by names of your own: each upload is embedded by each of them, and searches look with `active`.
   * So a new model can take in the whole library before it is switched to (docs/operations.md). In place of `weights`,
   * `precision`, `pool` and `crop`, which are those of a model of the name `main`. A model keeps its queue and functions as
   * long as it keeps its name.
   *
   * @default - one model
   */
  readonly models?: Readonly<Record<string, ModelChoice>>;

  /**
   * The one of `models` that searches look with.
   *
   * @default - the only one
   */
  readonly active?: string;

  /**
   * The processors that the functions run on: `x64`, or `arm64` (Graviton), which Lambda bills a fifth lower. Pictures
   * embedded on one are found on the other; the last bits of their vectors differ.
   *
   * @default 'x64'
   */
  readonly architecture?: LambdaArchitecture;

  /**
   * Megabytes of memory, which also decide how much CPU a function has. Accounts begin with a limit of 3,008; a
   * search over n pictures needs about 768 + n / 430 MB.
   *
   * @default - 3,008 for uploads and search, 1,769 for backfill, 1,024 for the others
   */
  readonly memory?: PerFunction<number>;

  /**
   * How long one run may take; search at least 30 seconds, so that it can say in time that it is still loading.
   *
   * @default - 2 minutes for uploads, 15 minutes for compaction, 5 minutes for search and front: API Gateway waits half a minute, but a
   *   search that loads a large index goes on and is warm for the next
   */
  readonly timeout?: PerFunction<Duration>;

  /**
   * Layers with packages that decode more kinds of files, such as HEIC by `libheif-js` (docs/formats.md). Uploads and search get
   * them.
   *
   * @default - none
   */
  readonly decoders?: readonly ILayerVersion[];

  /**
   * Uploads that are embedded at once, as batches of ten: 2 to 1,000. Accounts begin with 10 executions in all, and
   * search needs some of them.
   *
   * @default 5
   */
  readonly maxConcurrency?: number;

  /**
   * Sets one execution aside for compaction, so that never two run at once: two are safe, and do the work twice. An
   * account must keep 100 for functions that reserve none, so that a new one cannot.
   *
   * @default false; `npm run deploy` turns it on where the account has enough
   */
  readonly oneCompaction?: boolean;

  /**
   * When the log is folded into the index at the latest. It is also folded when it grows, whatever the schedule says,
   * except in a VPC.
   *
   * @default - every hour; in a VPC every five minutes, with the engine s3-vectors every fifteen
   */
  readonly schedule?: ScheduleExpression;

  /**
   * What a search does that does not say: `strong` finds what was uploaded a moment ago, `eventual` asks the store
   * nothing and answers from memory.
   *
   * @default 'strong'
   */
  readonly consistency?: 'strong' | 'eventual';

  /**
   * Where searches look: `memory` compares with every picture, in the search function; `s3-vectors` asks an Amazon S3
   * Vectors index that is made for it, for more pictures than the function's memory holds (docs/far.md).
   *
   * @default 'memory'
   */
  readonly engine?: 'memory' | 's3-vectors';

  /**
   * Who may call the API. `none` lets anybody on the internet search, upload and delete.
   *
   * @default 'iam'
   */
  readonly auth?: ApiAuth;

  /**
   * Origins whose pages may call the API and upload to a new images bucket, such as `https://photos.example.com`.
   *
   * @default - none
   */
  readonly corsOrigins?: readonly string[];

  /**
   * Requests a second that the API takes, steadily and at once.
   *
   * @default - 50 steadily, 100 at once
   */
  readonly throttle?: { readonly rate: number; readonly burst: number };

  /**
   * Serve the web console from a private bucket behind CloudFront. It needs an `auth` that a browser can do: `jwt`,
   * `users` or `none`.
   *
   * @default false
   */
  readonly console?: boolean;

  /**
   * Addresses that alarms are mailed to (each must confirm once), or a topic that you have.
   *
   * @default - no alarms
   */
  readonly alarms?: readonly string[] | ITopic;

  /**
   * A dashboard in CloudWatch.
   *
   * @default false
   */
  readonly dashboard?: boolean;

  /**
   * Traces of X-Ray.
   *
   * @default false
   */
  readonly tracing?: boolean;

  /**
   * How often the search function is called so that it stays loaded; at most every five minutes is of use. It keeps one
   * instance. docs/cost.md has the price.
   *
   * @default - never: the first search after some minutes loads the index
   */
  readonly keepWarm?: Duration;

  /**
   * Puts the functions into a VPC, and gives it an S3 gateway endpoint. Lambda cannot be called from there without further
   * endpoints, so that compaction runs by its schedule alone.
   *
   * @default - no VPC
   */
  readonly vpc?: IVpc;

  /**
   * Whether the VPC is given an S3 gateway endpoint. One that has one already must not be: of two for the same routes, AWS
   * refuses the second.
   *
   * @default - unless this app has given it one; what a VPC of another app has nobody can tell
   */
  readonly s3Endpoint?: boolean;

  /**
   * Subnets in the VPC.
   *
   * @default - private ones
   */
  readonly subnets?: SubnetSelection;

  /**
   * A key of KMS that encrypts all that is made here: buckets, queues, logs, environments, the topic of alarms. A key of
   * another stack must allow the services in docs/operations.md itself.
   *
   * @default - keys of AWS
   */
  readonly key?: IKey;

  /**
   * Names of your own.
   *
   * @default - names of AWS
   */
  readonly domain?: { readonly api?: CustomDomain; readonly console?: CustomDomain };

  /**
   * How long logs stay.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * What becomes of the two buckets, where they are new, when the stack goes.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long deleted and replaced pictures can be had back from a bucket that is made here. Old versions are paid for
   * as pictures are.
   *
   * @default Duration.days(30)
   */
  readonly keepDeleted?: Duration;

  /**
   * Bucket that S3 writes access logs of new buckets to.
   *
   * @default - no access logs
   */
  readonly accessLogs?: IBucket;

  /**
   * Tags on everything that can have them.
   *
   * @default - none
   */
  readonly tags?: Readonly<Record<string, string>>;
}
