/** `npm run destroy [-- -c name=value …] [--yes]`: removes what runs and keeps the data; says what stays and how to remove that. */

import { createInterface } from 'node:readline/promises';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { readConfiguration } from '../cdk/configuration.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import { runCdk } from './cdk-cli.ts';
import { takeDown } from './deploy/deploy.ts';
import { flagsOf } from './deploy/flags.ts';
import { say, warn } from './say.ts';

const explanation = (
  stack: string,
) => `This removes the nested stack Serving: the functions, the queues with the events in them, the API, the alarms.

What stays:
  the images bucket    your pictures; nothing here ever deletes them
  the index bucket     log, manifests and index; a later "npm run deploy" goes on from there
  the stack ${stack.padEnd(10)} holds the two buckets and costs nothing but their storage
  CloudWatch metrics   until they expire

To remove the stack as well, which leaves the buckets to you:
  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${stack}
  aws cloudformation delete-stack --stack-name ${stack}

To delete the data, once the stack is gone:
  aws s3 rb --force s3://<bucket>
`;

async function isMeant(): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const input = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await input.question('Remove what runs? Type yes: ');
  input.close();
  return answer.trim() === 'yes';
}

try {
  const args = process.argv.slice(2).filter((arg) => arg !== '--yes');
  const { name = 'Likeness' } = readConfiguration(flagsOf(args).flags);
  say(explanation(name));
  if (process.argv.includes('--yes') || (await isMeant()))
    await takeDown(args, { cloudFormation: new CloudFormationClient({}), cdk: runCdk });
  else say('Nothing was removed.');
} catch (error) {
  if (!(error instanceof LikenessError)) throw error;
  warn(error.message);
  process.exitCode = 1;
}
