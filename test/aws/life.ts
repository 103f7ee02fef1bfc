/** The life of a system that is tried: deployed, asked to change by mistake, taken away. On AWS, or over an account that is scripted. */

import type { S3Client } from '@aws-sdk/client-s3';
import { type DeployTools, deploy, takeDown } from '../../scripts/deploy/deploy.ts';
import { deployedStack } from '../../scripts/deploy/deployed.ts';
import { DeploymentRefused } from '../../scripts/deploy/errors.ts';
import { removeAll } from './remove.ts';
import { StepFailed } from './steps.ts';

export interface Place {
  readonly tools: DeployTools & { readonly s3: S3Client };
  /** Of the stack. */
  readonly name: string;
  /** Of the pictures; it is there already. */
  readonly bucket: string;
}

const UNASKED = '--require-approval=never';

const settings = (name: string, ...more: readonly string[]): string[] =>
  [`name=${name}`, 'weights=synthetic', 'backfill=true', 'uploads=true', 'deletes=true', ...more].flatMap(
    (setting) => ['-c', setting],
  );

/** @returns the address of the API */
export async function deployed({ tools, name, bucket }: Place): Promise<string> {
  await deploy([...settings(name, `images=${bucket}`), UNASKED], tools);
  const endpoint = (await deployedStack(tools.cloudFormation, name))?.outputs.ApiUrl;
  if (!endpoint) throw new StepFailed('the stack has no output ApiUrl');
  return endpoint;
}

/** @returns the first sentence of the refusal */
export async function refusesForgottenBucket({ tools, name }: Place): Promise<string> {
  const refusal = await deploy([...settings(name), UNASKED], tools).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refusal instanceof DeploymentRefused)) throw new StepFailed(`it was not: ${String(refusal)}`);
  return refusal.message.split('\n')[0]!;
}

/** @returns what was removed */
export async function destroyed({ tools, name, bucket }: Place): Promise<string> {
  await takeDown([...settings(name, `images=${bucket}`), UNASKED], tools);
  return removeAll({ ...tools, stack: name, bucket });
}
