/** What can be set on an `ImageSearch`; every property has a default that deploys on a new account. */

import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Assets } from './bundling/assets.ts';
import type { LambdaArchitecture } from './bundling/native-packages.ts';

/** Who may call the API: signed AWS requests, holders of a token, or anybody. */
export type ApiAuth =
  | 'iam'
  | 'none'
  | { readonly jwt: { readonly issuer: string; readonly audience: readonly string[] } };

/** One value for each function. */
export interface PerFunction<T> {
  /** For the function that embeds uploaded pictures. */
  readonly onUpload?: T;
  /** For the function that folds the log into the index. */
  readonly compact?: T;
  /** For the function that answers the API. */
  readonly search?: T;
}

export interface ImageSearchProps {
  /**
   * The bucket of the pictures: a new one, or one that you have. Its notifications are added to, not replaced. A bucket
   * of your own keeps its own CORS, encryption and lifecycle rules.
   *
   * @default - a new bucket that stays when the stack goes
   */
  readonly images?: IBucket;

  /**
   * The bucket of the log, the manifests and the index. Nothing else should write to it.
   *
   * @default - a new bucket that stays when the stack goes
   */
  readonly index?: IBucket;

  /**
   * The weights of the network: `imagenet1k-v2`, `imagenet1k-v1`, the path of a file of your own, or `synthetic`
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
   * The processors that the functions run on: `x64`, or `arm64` (Graviton), which Lambda bills a fifth lower. Pictures
   * embedded on one are found on the other; the last bits of their vectors differ.
   *
   * @default 'x64'
   */
  readonly architecture?: LambdaArchitecture;

  /**
   * Megabytes of memory, which also decide how much CPU a function has. Accounts begin with a limit of 3,008; a
   * search over n pictures needs about 640 + n / 99 MB.
   *
   * @default - 3,008 for uploads and search, 1,024 for compaction
   */
  readonly memory?: PerFunction<number>;

  /**
   * How long one run may take.
   *
   * @default - 2 minutes for uploads, 15 minutes for compaction, 29 seconds for search
   */
  readonly timeout?: PerFunction<Duration>;

  /**
   * Uploads that are embedded at once, as batches of ten: 2 to 1,000. Accounts begin with 10 executions in all, and
   * search needs some of them.
   *
   * @default 5
   */
  readonly maxConcurrency?: number;

  /**
   * When the log is folded into the index. It is also folded when it has grown by 1,000 appends, or five minutes
   * after an append, whatever the schedule says.
   *
   * @default - every minute
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
   * Serve the web console from a private bucket behind CloudFront. It needs an `auth` that a browser can do: `jwt` or
   * `none`.
   *
   * @default false
   */
  readonly console?: boolean;

  /**
   * Where alarms tell of themselves.
   *
   * @default - alarms change colour on the dashboard and tell nobody
   */
  readonly alarmTopic?: ITopic;

  /**
   * How long logs stay.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * What becomes of the two buckets, where they are new, when the stack goes.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

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

  /**
   * Folders with what the functions run, made for `architecture`.
   *
   * @default - bundled from this package when the app is synthesised
   */
  readonly assets?: Assets;
}
