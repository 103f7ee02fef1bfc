/** A deployment: looks at what is there, stops where a forgotten setting would change it, deploys, and says what comes next. */

import { readFileSync } from 'node:fs';
import {
  type CloudFormationClient,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import type { S3Client } from '@aws-sdk/client-s3';
import { type Configuration, readConfiguration, stackPropsFrom } from '../../cdk/configuration.ts';
import { isFolderMarker } from '../../pictures/ingest/change.ts';
import { belongs } from '../../pictures/picture-names.ts';
import { LikenessError } from '../../vectorlog/errors.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { changesOf, hasNewIndex, type Template } from './changes.ts';
import { type Deployed, deployedStack } from './deployed.ts';
import { DeploymentFailed, DeploymentRefused } from './errors.ts';
import { flagsOf } from './flags.ts';
import { filterOf, type PreflightClients, preflight } from './preflight.ts';

export interface DeployTools extends PreflightClients {
  readonly cloudFormation: CloudFormationClient;
  /** Runs the CDK's command line in the folder of the clone; false when it failed. */
  readonly cdk: (...args: readonly string[]) => boolean;
  readonly say: (sentence: string) => void;
  /** Where `cdk synth` writes. @default 'cdk.out' */
  readonly out?: string;
}

/**
 * @param args of the command line: `-c name=value`, `--yes-change=…`, the rest is for the CDK
 * @throws DeploymentRefused before anything was changed; DeploymentFailed; ConfigurationInvalid
 */
export async function deploy(args: readonly string[], tools: DeployTools): Promise<void> {
  const { flags, yes, others } = flagsOf(args);
  const configuration = readConfiguration(flags);
  const { stackName = 'Likeness' } = stackPropsFrom(configuration);
  const deployed = await deployedStack(tools.cloudFormation, stackName);
  const isOtherIndex = deployed?.template.Outputs?.IndexBucket?.Value !== configuration.index;
  const found = await preflight(configuration, tools, { isOtherIndex, stackName });
  for (const remark of found.remarks) tools.say(`Note: ${remark}`);
  if (found.refusals.length > 0)
    throw new DeploymentRefused(`${found.refusals.join('\n')}\nNothing was deployed.`);

  const reserve = configuration.oneCompaction ?? found.canReserve;
  const next = synthesise({ ...flags, oneCompaction: String(reserve) }, { deployed, yes }, tools);
  if (!tools.cdk('deploy', '--app', outOf(tools), ...others))
    throw new DeploymentFailed('the CDK says above what went wrong; what stood before stands as it was');
  await tools.cloudFormation.send(
    new UpdateTerminationProtectionCommand({ StackName: stackName, EnableTerminationProtection: true }),
  );
  if (hasNewIndex(deployed?.template, next)) await sayBackfill(configuration, stackName, tools);
}

/** Takes away what runs and keeps the data. @throws as `deploy` */
export async function takeDown(
  args: readonly string[],
  tools: Pick<DeployTools, 'cloudFormation' | 'cdk' | 'out'>,
): Promise<void> {
  const { flags, yes, others } = flagsOf(args);
  const { stackName = 'Likeness' } = stackPropsFrom(readConfiguration(flags));
  const deployed = await deployedStack(tools.cloudFormation, stackName);
  if (!deployed) throw new DeploymentRefused(`there is no stack ${stackName}.`);
  synthesise({ ...flags, serving: 'false' }, { deployed, yes }, tools);
  if (!tools.cdk('deploy', '--app', outOf(tools), ...others))
    throw new DeploymentFailed('the CDK says above what went wrong');
}

const outOf = ({ out = 'cdk.out' }: Pick<DeployTools, 'out'>): string => out;

/**
 * Writes the templates.
 *
 * @returns the outer one
 * @throws DeploymentRefused when they would change what a forgotten setting changes
 */
function synthesise(
  flags: Readonly<Record<string, string>>,
  { deployed, yes }: { readonly deployed: Deployed | undefined; readonly yes: ReadonlySet<string> },
  tools: Pick<DeployTools, 'cdk' | 'out'>,
): Template {
  const context = Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  if (!tools.cdk('synth', '--quiet', '--output', outOf(tools), ...context))
    throw new DeploymentFailed('the templates could not be made; nothing was deployed');
  const next = JSON.parse(readFileSync(`${outOf(tools)}/Likeness.template.json`, 'utf8')) as Template;
  const changes = changesOf(deployed?.template ?? {}, next).filter(({ what }) => !yes.has(what));
  if (changes.length === 0) return next;
  const sentences = changes.map(
    ({ what, from, to, means }) => `${what} would change from ${from} to ${to}: ${means}.`,
  );
  const consent = `Nothing was deployed. If that is meant: --yes-change=${changes.map(({ what }) => what).join(',')}`;
  throw new DeploymentRefused([...sentences, consent].join('\n'));
}

/** Pictures that were there before are indexed by nobody, unless they are asked for. */
async function sayBackfill(
  configuration: Configuration,
  stackName: string,
  { cloudFormation, s3, say }: DeployTools,
): Promise<void> {
  const outputs = (await deployedStack(cloudFormation, stackName))?.outputs ?? {};
  const bucket = configuration.images ?? outputs.ImagesBucket;
  const number = bucket && (await countPictures(s3, bucket, configuration));
  if (!number) return;
  const there = `The bucket ${bucket} has ${number} already`;
  if (configuration.backfill) {
    say(`\n${there}. They are being indexed: likeness status shows how far it is.`);
    return;
  }
  const lines = Object.entries(outputs).filter(([name]) => name.startsWith('Backfill'));
  say(`\n${there}, which no event will tell of. To have them indexed:`);
  for (const [, line] of lines) say(`  ${line}`);
}

/** Keys that are counted: a hundred requests. */
const MOST_COUNTED = 100_000;

/** How many pictures a bucket has, in words; `undefined` when it has none. */
async function countPictures(
  client: S3Client,
  bucket: string,
  configuration: Configuration,
): Promise<string | undefined> {
  const filter = filterOf(configuration);
  let count = 0;
  let seen = 0;
  try {
    for await (const page of new S3Store({ client, bucket }).list({ prefix: filter.prefix })) {
      seen += page.length;
      count += page.filter(({ key, size }) => !isFolderMarker(key, size) && belongs(key, filter)).length;
      if (seen >= MOST_COUNTED) return `at least ${count.toLocaleString('en')} pictures`;
    }
  } catch (error) {
    // All stands already; who may deploy need not be allowed to list.
    if (!(error instanceof LikenessError)) throw error;
    return 'pictures, which these credentials cannot count,';
  }
  if (count === 0) return undefined;
  return count === 1 ? '1 picture' : `${count.toLocaleString('en')} pictures`;
}
