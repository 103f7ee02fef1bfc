/**
 * `npm run deploy [-- -c name=value …] [--yes-change=images,model]`: deploys, unless that would change what a forgotten
 * setting changes; and protects the stack once it stands.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  CloudFormationClient,
  GetTemplateCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { readConfiguration, stackPropsFrom } from '../cdk/configuration.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import { changesOf, type Template } from './deploy/changes.ts';
import { flagsOf } from './deploy/flags.ts';

const { flags, yes, others } = flagsOf(process.argv.slice(2));
const cdk = (...args: readonly string[]): void => {
  // Through a shell on Windows, where npx is a script.
  const { status } = spawnSync('npx', ['cdk', ...args], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
};

try {
  const { stackName = 'Likeness' } = stackPropsFrom(readConfiguration(flags));
  const context = Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  cdk('synth', '--quiet', ...context);
  const client = new CloudFormationClient({});
  const deployed = await templateOf(client, stackName);
  const next = JSON.parse(readFileSync('cdk.out/Likeness.template.json', 'utf8')) as Template;
  const changes = changesOf(deployed ?? {}, next).filter(({ what }) => !yes.has(what));
  if (changes.length > 0) {
    for (const { what, from, to, means } of changes)
      console.error(`${what} would change from ${from} to ${to}: ${means}.`);
    console.error(
      `Nothing was deployed. If that is meant: --yes-change=${changes.map(({ what }) => what).join(',')}`,
    );
    process.exit(1);
  }
  cdk('deploy', '--app', 'cdk.out', ...others);
  await client.send(
    new UpdateTerminationProtectionCommand({ StackName: stackName, EnableTerminationProtection: true }),
  );
} catch (error) {
  if (!(error instanceof LikenessError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** `undefined` where there is no such stack yet. */
async function templateOf(client: CloudFormationClient, StackName: string): Promise<Template | undefined> {
  try {
    const { TemplateBody = '{}' } = await client.send(new GetTemplateCommand({ StackName }));
    return JSON.parse(TemplateBody) as Template;
  } catch (error) {
    if (
      error instanceof Error &&
      error.name === 'ValidationError' &&
      error.message.includes('does not exist')
    )
      return undefined;
    throw error;
  }
}
