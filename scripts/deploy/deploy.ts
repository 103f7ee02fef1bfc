/** A deployment: looks at what is there, stops where a forgotten setting would change it, deploys, and says what comes next. */

import { readFileSync } from 'node:fs';
import {
  type CloudFormationClient,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { readConfiguration, stackPropsFrom } from '../../cdk/configuration.ts';
import { changesOf, type Template } from './changes.ts';
import { type Deployed, deployedStack } from './deployed.ts';
import { DeploymentFailed, DeploymentRefused } from './errors.ts';
import { flagsOf } from './flags.ts';
import { type PreflightClients, preflight } from './preflight.ts';

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
  const found = await preflight(configuration, tools, { isFirst: deployed === undefined, stackName });
  for (const remark of found.remarks) tools.say(`Note: ${remark}`);
  if (found.refusals.length > 0)
    throw new DeploymentRefused(`${found.refusals.join('\n')}\nNothing was deployed.`);

  const reserve = configuration.oneCompaction ?? found.canReserve;
  synthesise({ ...flags, oneCompaction: String(reserve) }, { deployed, yes }, tools);
  if (!tools.cdk('deploy', '--app', outOf(tools), ...others))
    throw new DeploymentFailed('the CDK says above what went wrong; what stood before stands as it was');
  await tools.cloudFormation.send(
    new UpdateTerminationProtectionCommand({ StackName: stackName, EnableTerminationProtection: true }),
  );
  if (found.pictures?.count)
    await sayBackfill(stackName, found.pictures, { ...tools, isStarted: configuration.backfill === true });
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

/** Writes the templates. @throws DeploymentRefused when they would change what a forgotten setting changes */
function synthesise(
  flags: Readonly<Record<string, string>>,
  { deployed, yes }: { readonly deployed: Deployed | undefined; readonly yes: ReadonlySet<string> },
  tools: Pick<DeployTools, 'cdk' | 'out'>,
): void {
  const context = Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  if (!tools.cdk('synth', '--quiet', '--output', outOf(tools), ...context))
    throw new DeploymentFailed('the templates could not be made; nothing was deployed');
  const next = JSON.parse(readFileSync(`${outOf(tools)}/Likeness.template.json`, 'utf8')) as Template;
  const changes = changesOf(deployed?.template ?? {}, next).filter(({ what }) => !yes.has(what));
  if (changes.length === 0) return;
  const sentences = changes.map(
    ({ what, from, to, means }) => `${what} would change from ${from} to ${to}: ${means}.`,
  );
  const consent = `Nothing was deployed. If that is meant: --yes-change=${changes.map(({ what }) => what).join(',')}`;
  throw new DeploymentRefused([...sentences, consent].join('\n'));
}

/** Pictures that were there before are indexed by nobody, unless they are asked for. */
async function sayBackfill(
  stackName: string,
  { count, isAll }: { readonly count: number; readonly isAll: boolean },
  { cloudFormation, say, isStarted }: DeployTools & { readonly isStarted: boolean },
): Promise<void> {
  const number = `${isAll ? '' : 'at least '}${count.toLocaleString('en')}`;
  if (isStarted) {
    say(
      `\nThe bucket has ${number} pictures already. They are being indexed: likeness status shows how far it is.`,
    );
    return;
  }
  const outputs = (await deployedStack(cloudFormation, stackName))?.outputs ?? {};
  const lines = Object.entries(outputs).filter(([name]) => name.startsWith('Backfill'));
  say(`\nThe bucket has ${number} pictures already, which no event will tell of. To have them indexed:`);
  for (const [, line] of lines) say(`  ${line}`);
}
