/** Looks at what a deployment is put over, before CloudFormation is asked for anything. */

import type { KMSClient } from '@aws-sdk/client-kms';
import { GetAccountSettingsCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import type { Configuration } from '../../cdk/configuration.ts';
import { keyUsers } from '../../cdk/key-users.ts';
import { DEFAULT_FILTER, type PictureFilter } from '../../pictures/picture-names.ts';
import { StoreUnsuitable } from '../../vectorlog/store/errors.ts';
import { probe } from '../../vectorlog/store/probe.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { type Home, keyOfBucket, logsInto, overlapsOf, refusalOf } from './check-bucket.ts';
import { type KeyLook, lookAtKey } from './check-key.ts';

export interface PreflightClients {
  readonly s3: S3Client;
  readonly kms: KMSClient;
  readonly sts: STSClient;
  readonly lambda: LambdaClient;
}

export interface Preflight {
  /** Sentences, each of which stops the deployment. */
  readonly refusals: readonly string[];
  /** Sentences to be said. */
  readonly remarks: readonly string[];
  /** Whether the account has executions enough to set one aside. */
  readonly canReserve: boolean;
}

/** Executions that an account must leave to functions which reserve none. */
const UNRESERVED = 100;

/**
 * @param isOtherIndex whether the index bucket is not the one that is deployed: one of one's own is tried out then
 * @throws what the services' requests throw
 */
export async function preflight(
  configuration: Configuration,
  clients: PreflightClients,
  { isOtherIndex, stackName }: { readonly isOtherIndex: boolean; readonly stackName: string },
): Promise<Preflight> {
  const { Account: account = '' } = await clients.sts.send(new GetCallerIdentityCommand({}));
  const home = { account, region: await clients.s3.config.region() };
  const refusals: string[] = [];
  const remarks: string[] = [];
  const add = ({ refusal, remark }: { readonly refusal?: string | undefined; readonly remark?: string }) => {
    if (refusal) refusals.push(refusal);
    if (remark) remarks.push(remark);
  };
  const { images, index, events = 's3', key } = configuration;
  const filter = filterOf(configuration);

  for (const name of ['images', 'index'] as const) {
    const bucket = configuration[name];
    if (!bucket) continue;
    const refusal = await refusalOf(clients.s3, bucket, home);
    add({ refusal });
    if (refusal) continue;
    for (const found of await keyTrouble(clients, configuration, name, home)) add(found);
  }
  if (key) {
    const services = keyUsers(configuration, { region: home.region, urlSuffix: urlSuffixOf(home) });
    add(await lookAtNamed(clients.kms, key, { account, what: 'key', services }));
  }
  if (images && refusals.length === 0) {
    add(await logsInto(clients.s3, { from: images, images, filter }));
    if (index) add(await logsInto(clients.s3, { from: index, images, filter }));
    if (events === 's3') {
      const { prefix } = filter;
      add({ refusal: await overlapsOf(clients.s3, images, { prefix, stackName }) });
    }
  }
  if (refusals.length === 0 && index && isOtherIndex) add({ refusal: await unsuitable(clients.s3, index) });
  return { refusals, remarks, canReserve: await canReserve(clients.lambda, configuration) };
}

/** Why an index cannot be kept in a bucket; `undefined` when it can. */
async function unsuitable(client: S3Client, bucket: string): Promise<string | undefined> {
  try {
    await probe(new S3Store({ client, bucket }));
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreUnsuitable)) throw error;
    return `the bucket ${bucket} cannot hold an index: ${error.message}.`;
  }
}

/** What of the bucket is indexed. */
export const filterOf = ({ prefix, endings }: Configuration): PictureFilter => ({
  ...DEFAULT_FILTER,
  ...(prefix !== undefined && { prefix }),
  ...(endings !== undefined && { endings }),
});

/** The key that a bucket is encrypted with must be the one that the configuration names, and be usable. */
async function keyTrouble(
  { s3, kms }: PreflightClients,
  configuration: Configuration,
  name: 'images' | 'index',
  { account }: Home,
): Promise<{ readonly refusal?: string; readonly remark?: string }[]> {
  const bucket = configuration[name]!;
  const what = `${name}Key` as const;
  const named = configuration[what];
  const used = await keyOfBucket(s3, bucket);
  if (!used) return named ? [await lookAtNamed(kms, named, { account, what })] : [];
  const look = await lookAtKey(kms, used, { account, what: `of the bucket ${bucket}` });
  if (!look.isOwn) return [];
  if (named !== undefined && (named === look.arn || look.remark)) return [look];
  const other = named === undefined ? '' : `, in place of ${named}`;
  return [
    {
      refusal: `the bucket ${bucket} is encrypted with a key of KMS: set "${what}" to "${look.arn}"${other}.`,
    },
  ];
}

/** A key that the configuration names: by its own ARN, since nobody can be granted what an alias stands for. */
async function lookAtNamed(
  kms: KMSClient,
  named: string,
  about: Parameters<typeof lookAtKey>[2],
): Promise<KeyLook> {
  const look = await lookAtKey(kms, named, about);
  if (look.refusal ?? look.remark ?? (look.arn === named ? named : undefined)) return look;
  return {
    ...look,
    refusal: `${named} is no key but another name of one: set "${about.what}" to "${look.arn}".`,
  };
}

const urlSuffixOf = ({ region }: Home): string =>
  region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';

async function canReserve(lambda: LambdaClient, { models }: Configuration): Promise<boolean> {
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
  const reserved = Object.keys(models ?? { main: {} }).length;
  return (AccountLimit?.UnreservedConcurrentExecutions ?? 0) >= UNRESERVED + reserved;
}
