/** Looks at a bucket that somebody has, before a stack is put over it: each thing that is wrong with it is a sentence. */

import {
  GetBucketEncryptionCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  HeadBucketCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { belongs, type PictureFilter } from '../../pictures/picture-names.ts';

export interface Home {
  readonly account: string;
  readonly region: string;
}

/** @returns why the bucket cannot be used; `undefined` when it can */
export async function refusalOf(client: S3Client, bucket: string, home: Home): Promise<string | undefined> {
  if (bucket.endsWith('--x-s3'))
    return `${bucket} is a directory bucket, which has no events; choose a general-purpose bucket.`;
  const seen = await look(client, { Bucket: bucket });
  if (seen.region && seen.region !== home.region)
    return `the bucket ${bucket} is in ${seen.region}, and the stack would be in ${home.region}: S3 tells nobody in another region. Deploy with AWS_REGION=${seen.region}.`;
  if (seen.status === 404) return `there is no bucket ${bucket}.`;
  const owned =
    seen.status < 300 && (await look(client, { Bucket: bucket, ExpectedBucketOwner: home.account }));
  if (owned && owned.status < 300) return undefined;
  return owned && owned.status === 403
    ? `the bucket ${bucket} belongs to another account than ${home.account}, whose notifications only its owner can set: deploy there.`
    : `the bucket ${bucket} cannot be looked at with these credentials (${seen.status}): it is another account's, or its policy denies them.`;
}

/** Asks for the head of a bucket; S3 says in which region it is even to those who ask in another. */
async function look(
  client: S3Client,
  input: { readonly Bucket: string; readonly ExpectedBucketOwner?: string },
): Promise<{ readonly status: number; readonly region: string | undefined }> {
  try {
    const { BucketRegion, $metadata } = await client.send(new HeadBucketCommand(input));
    return { status: $metadata.httpStatusCode ?? 200, region: BucketRegion };
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === undefined) throw error;
    const headers = (error as S3ServiceException).$response?.headers as Record<string, string> | undefined;
    return { status, region: headers?.['x-amz-bucket-region'] };
  }
}

/** The key of KMS by which the bucket encrypts what says nothing else; `undefined` for S3's own and AWS's. */
export async function keyOfBucket(client: S3Client, Bucket: string): Promise<string | undefined> {
  const answer = await unlessAbsent(() => client.send(new GetBucketEncryptionCommand({ Bucket })));
  const [rule] = answer?.ServerSideEncryptionConfiguration?.Rules ?? [];
  const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
  return SSEAlgorithm?.startsWith('aws:kms') && !KMSMasterKeyID?.endsWith('alias/aws/s3')
    ? KMSMasterKeyID
    : undefined;
}

/**
 * What is to be said of a bucket that writes its access logs among the pictures, into itself most of all: what is done for
 * a log file would write another one.
 *
 * @param of.from the bucket that may write logs, of images or of the index
 * @returns a refusal where log files belong to the index, a remark where they do not
 */
export async function logsInto(
  client: S3Client,
  of: { readonly from: string; readonly images: string; readonly filter: PictureFilter },
): Promise<{ readonly refusal?: string; readonly remark?: string }> {
  const { from, images, filter } = of;
  const answer = await unlessAbsent(() => client.send(new GetBucketLoggingCommand({ Bucket: from })));
  const { TargetBucket, TargetPrefix = '' } = answer?.LoggingEnabled ?? {};
  if (TargetBucket !== images) return {};
  const where = from === images ? 'itself' : `the bucket of the pictures, ${images}`;
  const said = `the bucket ${from} writes its access logs into ${where} (${TargetPrefix || 'without a prefix'})`;
  if (belongs(`${TargetPrefix}2026-01-01-00-00-00-0123456789ABCDEF`, filter))
    return {
      refusal: `${said}, and log files would be taken for pictures without end: set "prefix" or "endings".`,
    };
  return {
    remark: `${said}; log files are let go unread, but each costs a message. A "prefix" spares them.`,
  };
}

interface Rule {
  readonly Id?: string | undefined;
  readonly Events?: readonly string[] | undefined;
  readonly Filter?: {
    readonly Key?: { readonly FilterRules?: readonly { Name?: string; Value?: string }[] };
  };
}

/**
 * The notifications that another one of ours would overlap with, which S3 refuses.
 *
 * @param stackName whose own notifications do not count
 */
export async function overlapsOf(
  client: S3Client,
  Bucket: string,
  { prefix, stackName }: { readonly prefix: string; readonly stackName: string },
): Promise<string | undefined> {
  const answer = await unlessAbsent(() =>
    client.send(new GetBucketNotificationConfigurationCommand({ Bucket })),
  );
  const rules = [
    ...(answer?.TopicConfigurations ?? []),
    ...(answer?.QueueConfigurations ?? []),
    ...(answer?.LambdaFunctionConfigurations ?? []),
  ] as readonly Rule[];
  const others = rules.filter(
    ({ Id = '', Events = [], Filter }) =>
      !Id.includes(`:stack/${stackName}-`) &&
      Events.some((event) => OURS.test(event)) &&
      mayOverlap(prefix, Filter?.Key?.FilterRules?.find(({ Name }) => /^prefix$/i.test(Name ?? ''))?.Value),
  );
  if (others.length === 0) return undefined;
  const names = others.map(({ Id, Events = [] }) => `${Id ?? 'one without a name'} (${Events.join(', ')})`);
  return `the bucket ${Bucket} tells others of the same events already: ${names.join('; ')}. S3 refuses a second one that overlaps: set "events" to "eventbridge".`;
}

/** The kinds of events that we subscribe to. */
const OURS = /^s3:(ObjectCreated|ObjectRemoved|LifecycleExpiration|ObjectRestore):/;

const mayOverlap = (ours: string, theirs = ''): boolean => ours.startsWith(theirs) || theirs.startsWith(ours);

/** `undefined` where the bucket has no such configuration, where the store knows none, or where we may not look. */
async function unlessAbsent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status !== undefined && [403, 404, 405, 501].includes(status)) return undefined;
    throw error;
  }
}
