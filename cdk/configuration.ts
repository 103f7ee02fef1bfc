/** `likeness.config.json`: everything that a deployment can be told, in a file; `-c name=value` overrides it. */

import { existsSync, readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { z } from 'zod';
import { CROP_MODES } from '../pictures/embedding/geometry.ts';
import { POOLS } from '../pictures/embedding/model-folder.ts';
import { ARCHITECTURES } from './bundling/native-packages.ts';
import { ConfigurationInvalid } from './configuration-invalid.ts';
import type { ImageSearchProps } from './image-search-props.ts';
import type { LikenessStackProps } from './likeness-stack.ts';

export const CONFIGURATION_FILE = 'likeness.config.json';

const perFunction = (what: string) =>
  z
    .strictObject({
      onUpload: z.int().positive().optional(),
      compact: z.int().positive().optional(),
      search: z.int().positive().optional(),
      front: z.int().positive().optional(),
      backfill: z.int().positive().optional(),
    })
    .describe(what);

const Scopes = z.array(z.string().min(1)).min(1);

/** What says which model. */
const MODEL = {
  weights: z.string().describe('imagenet1k-v2, imagenet1k-v1, sscd, the path of a file, or synthetic.'),
  precision: z.enum(['fp32', 'int8']),
  pool: z.enum(POOLS).describe('How features are pooled. Default: average.'),
  crop: z.enum(CROP_MODES).describe('What of a picture is seen. Default: center224.'),
};

const CustomDomain = z.strictObject({
  name: z.string().min(3),
  certificateArn: z.string().startsWith('arn:'),
});

/** The file, as it is written. */
export const Configuration = z
  .strictObject({
    $schema: z.string().describe('Where this schema is, for editors.'),
    name: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,50}$/)
      .describe(
        'Name of the system and of its stack. Two systems in one account need two names. Default: Likeness.',
      ),
    images: z.string().describe('Name of a bucket that you have. Default: a new one.'),
    imagesKey: z
      .string()
      .startsWith('arn:')
      .describe('ARN of the KMS key that the bucket is encrypted with.'),
    index: z.string().describe('Name of a bucket that you have for the index. Default: a new one.'),
    indexKey: z
      .string()
      .startsWith('arn:')
      .describe('ARN of the KMS key that this bucket is encrypted with.'),
    prefix: z.string().describe('Only keys that begin with it are indexed.'),
    endings: z
      .union([z.literal('all'), z.array(z.string().min(1)).min(1)])
      .describe(
        'Only keys that end with one of these are indexed. Default: what is usually called a picture.',
      ),
    events: z.enum(['s3', 'eventbridge', 'none']).describe('How events of the bucket are told. Default: s3.'),
    intake: z.enum(['queue', 'direct']).describe('How on-upload gets its events. Default: queue.'),
    backfill: z
      .boolean()
      .describe(
        'Index in the cloud what the bucket has already, and make what rebuilds and verifies there. Default: false.',
      ),
    thumbnails: z.boolean().describe('Write a small copy of each picture beside the index. Default: true.'),
    uploads: z.boolean().describe('Whether the API signs uploads. Default: only into a new bucket.'),
    deletes: z.boolean().describe('Whether the API deletes pictures. Default: only from a new bucket.'),
    ...MODEL,
    models: z
      .record(z.string(), z.strictObject(MODEL).partial())
      .describe('Several models by names of yours, in place of one; each embeds every upload.'),
    active: z.string().describe('The one of several models that searches look with.'),
    architecture: z.enum(ARCHITECTURES),
    decoders: z
      .array(z.string().min(1))
      .min(1)
      .describe(
        'Layers with packages that decode HEIC and others (docs/formats.md): ARNs of layer versions, or folders with nodejs/node_modules in them. Default: none.',
      ),
    consistency: z
      .enum(['strong', 'eventual'])
      .describe('What a search does that does not say. Default: strong.'),
    engine: z
      .enum(['memory', 's3-vectors'])
      .describe('Where searches look: in memory, or in Amazon S3 Vectors (docs/far.md). Default: memory.'),
    auth: z
      .union([
        z.enum(['iam', 'none']),
        z
          .strictObject({ users: z.array(z.email()).min(1) })
          .describe('Who may sign in on the console: each is invited by mail.'),
        z.strictObject({
          issuer: z.url(),
          audience: z.array(z.string().min(1)).min(1),
          scopes: z
            .strictObject({ read: Scopes, upload: Scopes, delete: Scopes })
            .partial()
            .optional()
            .describe('Scopes of which a token must have one to read, to upload, to delete.'),
        }),
      ])
      .describe(
        'Who may call the API: signed AWS requests, anybody, people whom you invite, or holders of a token. Default: iam.',
      ),
    cors: z.array(z.string()).describe('Origins whose pages may call the API.'),
    console: z.boolean().describe('Host the web console. Default: false.'),
    domain: z
      .strictObject({ api: CustomDomain.optional(), console: CustomDomain.optional() })
      .describe('Names of your own.'),
    memory: perFunction('Megabytes of memory of each function.'),
    timeout: perFunction('Seconds that one run of each function may take.'),
    concurrency: z.int().min(2).max(1_000).describe('Batches that are embedded at once. Default: 5.'),
    oneCompaction: z
      .boolean()
      .describe(
        'Set one execution aside for compaction, so that never two run at once. Default: by npm run deploy where the account has enough.',
      ),
    schedule: z
      .string()
      .regex(/^(rate|cron)\(.+\)$/)
      .describe('When the log is folded at the latest, as EventBridge writes it. Default: rate(1 hour).'),
    keepWarm: z
      .int()
      .min(1)
      .max(60)
      .describe('Minutes between calls that keep search loaded. Default: never.'),
    alarms: z.array(z.email()).min(1).describe('Addresses that alarms are mailed to. Default: no alarms.'),
    dashboard: z.boolean(),
    tracing: z.boolean(),
    logDays: z
      .literal([
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
        3653,
      ])
      .describe('Days that logs stay. Default: 30.'),
    keepDays: z
      .int()
      .min(1)
      .describe('Days that deleted pictures can be had back from a new bucket. Default: 30.'),
    throttle: z
      .strictObject({ rate: z.number().positive(), burst: z.int().positive() })
      .describe('Requests a second that the API takes, steadily and at once.'),
    tags: z.record(z.string(), z.string()).describe('Tags on everything that can have them.'),
    key: z.string().startsWith('arn:').describe('ARN of a KMS key for all that is made.'),
    vpc: z.string().startsWith('vpc-').describe('Id of a VPC for the functions.'),
    s3Endpoint: z
      .boolean()
      .describe('false where that VPC has a gateway endpoint of S3 already. Default: true.'),
    serving: z.boolean().describe('false: the buckets alone, with nothing that runs.'),
  })
  .partial();

export type Configuration = z.infer<typeof Configuration>;

/** What editors read: the JSON schema of the file. */
export const configurationSchema = (): object => ({
  title: 'Likeness: what is deployed',
  ...z.toJSONSchema(Configuration),
});

/** Settings that flags give as a list with commas between. */
const LISTS = new Set(['cors', 'decoders', 'alarms', 'audience', 'endings']);
const JSON_LIKE = /^(true|false|-?\d+(\.\d+)?|\{.*\}|\[.*\])$/s;

/** The value of a flag, as the file would have it. */
function parseFlag(name: string, text: string): unknown {
  if (LISTS.has(name) && text !== 'all') return text.split(',').map((part) => part.trim());
  return JSON_LIKE.test(text) ? JSON.parse(text) : text;
}

/**
 * The configuration of a file with what flags say instead.
 *
 * @param flags as `-c` gives them; `memory.search=5000` sets one of several, `auth=jwt` needs `issuer` and `audience`
 * @throws ConfigurationInvalid, naming each setting that means nothing
 */
export function readConfiguration(flags: Readonly<Record<string, string>>, folder = '.'): Configuration {
  const file = flags.config ?? `${folder}/${CONFIGURATION_FILE}`;
  if (flags.config && !existsSync(file)) throw new ConfigurationInvalid(`there is no ${file}`);
  const merged = existsSync(file) ? parseFile(file) : {};
  const { config: _, issuer, audience, ...others } = flags;
  for (const [name, text] of Object.entries(others)) {
    if (text === '') continue;
    const [outer = '', inner] = name.split('.');
    const value = parseFlag(name, String(text));
    merged[outer] = inner ? { ...(merged[outer] as object | undefined), [inner]: value } : value;
  }
  if (merged.auth === 'jwt') {
    if (!issuer || !audience)
      throw new ConfigurationInvalid(
        'auth=jwt needs -c issuer=https://… and -c audience=…, as your identity provider has them',
      );
    merged.auth = { issuer, audience: parseFlag('audience', audience) };
  }
  const parsed = Configuration.safeParse(merged);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`,
  );
  throw new ConfigurationInvalid(`the configuration has settings that mean nothing:\n${problems.join('\n')}`);
}

function parseFile(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new ConfigurationInvalid(`${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
}

/** What of the context of a CDK app is ours: `-c name=value`, without the CDK's own feature flags. */
export function flagsFrom(context: Readonly<Record<string, unknown>>): Record<string, string> {
  const known = new Set([...Object.keys(Configuration.shape), 'config', 'issuer', 'audience']);
  return Object.fromEntries(
    Object.entries(context)
      .filter(([name]) => known.has(name.split('.')[0]!))
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

/** The same as properties of the stack. */
export function stackPropsFrom(configuration: Configuration): LikenessStackProps {
  const { name = 'Likeness', images, imagesKey, index, indexKey, key, vpc, serving = true } = configuration;
  const { decoders } = configuration;
  for (const each of decoders ?? [])
    if (!each.startsWith('arn:') && !existsSync(`${each}/nodejs/node_modules`))
      throw new ConfigurationInvalid(
        `decoders: there is no ${each}/nodejs/node_modules; "npm install --prefix ${each}/nodejs libheif-js" makes one`,
      );
  if (images !== undefined && images === index)
    throw new ConfigurationInvalid('images and index name one bucket; they need one each');
  return {
    stackName: name,
    serving,
    ...(images && { images: { name: images, ...(imagesKey && { keyArn: imagesKey }) } }),
    ...(index && { index: { name: index, ...(indexKey && { keyArn: indexKey }) } }),
    ...(key && { keyArn: key }),
    ...(decoders && { decoders }),
    // To look a VPC up, the CDK must know where.
    ...(vpc && { vpcId: vpc, env: here() }),
    search: searchPropsFrom(configuration),
  };
}

/** The account and region of the credentials, as the CDK's command line tells its app. */
const here = () =>
  defined({ account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION });

function searchPropsFrom(configuration: Configuration): ImageSearchProps {
  const { auth, cors, memory, timeout, concurrency, schedule, keepWarm, logDays, domain } = configuration;
  const { keepDays, backfill, thumbnails } = configuration;
  const { prefix, endings, events, intake, uploads, deletes, weights, precision, pool, crop, architecture } =
    configuration;
  const { models, active, oneCompaction } = configuration;
  const { consistency, engine, console, alarms, dashboard, tracing, throttle, tags, s3Endpoint } =
    configuration;
  return defined({
    backfill,
    thumbnails,
    ...{ prefix, endings, events, intake, uploads, deletes, weights, precision, pool, crop, architecture },
    ...{ consistency, engine, console, alarms, dashboard, tracing, throttle, tags, s3Endpoint },
    models:
      models && Object.fromEntries(Object.entries(models).map(([name, model]) => [name, defined(model)])),
    active,
    oneCompaction,
    auth:
      typeof auth === 'object' && 'issuer' in auth
        ? {
            jwt: {
              issuer: auth.issuer,
              audience: auth.audience,
              ...(auth.scopes && { scopes: defined(auth.scopes) }),
            },
          }
        : auth,
    corsOrigins: cors,
    memory: memory && defined(memory),
    timeout: timeout && defined(mapped(timeout, Duration.seconds)),
    maxConcurrency: concurrency,
    schedule: schedule === undefined ? undefined : ScheduleExpression.expression(schedule),
    keepWarm: keepWarm === undefined ? undefined : Duration.minutes(keepWarm),
    keepDeleted: keepDays === undefined ? undefined : Duration.days(keepDays),
    logRetention: logDays as RetentionDays | undefined,
    domain: domain && defined(domain),
  });
}

const mapped = <T extends object, R>(
  values: T,
  map: (value: number) => R,
): { [K in keyof T]: R | undefined } =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value === undefined ? undefined : map(value as number),
    ]),
  ) as { [K in keyof T]: R | undefined };

/** Leaves out what is undefined, as optional properties want it. */
function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
