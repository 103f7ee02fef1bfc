/**
 * A system of its own in the account of the environment: deployed, used in every way that broke something once, taken away,
 * and a report to paste. It takes a quarter of an hour, needs `cdk bootstrap`, and costs some cents.
 */

import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { expect, test } from 'vitest';
import { createClient } from '../../client/client.ts';
import { signingFetch } from '../../client/sigv4.ts';
import { runCdk } from '../../scripts/cdk-cli.ts';
import { VersionedBucket } from './bucket.ts';
import { deployed, destroyed, refusesForgottenBucket } from './life.ts';
import { oddKeys, smallPicture } from './odd-pictures.ts';
import { backfill, changeVersions, Report, StepFailed, type System, searchCold, uploadOdd } from './steps.ts';

const PICTURES = 200;
const MINUTE = 60_000;

test('a system is deployed, does what it should, and goes again', { timeout: 40 * MINUTE }, async () => {
  const s3 = new S3Client({});
  const region = await s3.config.region();
  const name = `LikenessTest-${Date.now().toString(36)}`;
  const bucket = `${name.toLowerCase()}-images`;
  const tools = {
    s3,
    cloudFormation: new CloudFormationClient({}),
    kms: new KMSClient({}),
    sts: new STSClient({}),
    lambda: new LambdaClient({}),
    cdk: runCdk,
    say: (sentence: string) => console.log(sentence),
  };
  const place = { tools, name, bucket };
  const report = new Report();
  const before = oddKeys('before/', 20);
  let system: System | undefined;
  const using = <T>(work: (system: System) => Promise<T>): Promise<T> => {
    if (!system) throw new StepFailed('nothing is deployed');
    return work(system);
  };

  await report.step('a versioned bucket with pictures', async () => {
    const here = region === 'us-east-1' ? {} : { LocationConstraint: region as never };
    await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: here }));
    const images = new VersionedBucket(s3, bucket);
    await images.keepVersions();
    for (const key of before) await images.put(key, await smallPicture(key));
    return `${before.length} pictures`;
  });
  await report.step('deploy', async () => {
    const endpoint = await deployed(place);
    system = {
      client: createClient({
        endpoint,
        fetch: signingFetch({ endpoint, region, credentials: fromNodeProviderChain() }),
      }),
      images: new VersionedBucket(s3, bucket),
      pause: () => new Promise((resolve) => setTimeout(resolve, 2_000)),
      patienceMs: 5 * MINUTE,
    };
    return endpoint;
  });
  // The deployment has started it.
  await report.step('backfill', () => using((it) => backfill(it, before, async () => {})));
  await report.step('three cold searches at once', () =>
    using(async (it) => searchCold(it, await smallPicture(before[0]!), async () => {})),
  );
  await report.step('uploads under odd keys', () => using((it) => uploadOdd(it, PICTURES)));
  await report.step('versions', () => using(changeVersions));
  await report.step('a forgotten bucket is refused', () => refusesForgottenBucket(place));
  await report.step('destroy', () => destroyed(place));

  console.log(`\n${name}, ${region}, ${new Date().toISOString()}\n\n${report}\n`);
  expect(report.hasFailed).toBe(false);
});
