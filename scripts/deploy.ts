/**
 * `npm run deploy [-- -c name=value …] [--yes-change=images,model]`: deploys, unless that would change what a forgotten
 * setting changes, or is put over something that cannot work; and protects the stack once it stands.
 */

import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import { LikenessError } from '../vectorlog/errors.ts';
import { runCdk } from './cdk-cli.ts';
import { deploy } from './deploy/deploy.ts';
import { say, warn } from './say.ts';

try {
  await deploy(process.argv.slice(2), {
    cloudFormation: new CloudFormationClient({}),
    s3: new S3Client({}),
    kms: new KMSClient({}),
    sts: new STSClient({}),
    lambda: new LambdaClient({}),
    cdk: runCdk,
    say,
  });
} catch (error) {
  if (!(error instanceof LikenessError)) throw error;
  warn(error.message);
  process.exitCode = 1;
}
