/** Removes what runs and keeps the data; says what stays and how to remove that. */

import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';

const EXPLANATION = `This removes the nested stack Serving: the functions, the queues with the events in them, the API, the alarms.

What stays:
  the images bucket    your pictures; nothing here ever deletes them
  the index bucket     log, manifests and index; a later "npx cdk deploy" goes on from there
  the stack Likeness   holds the two buckets and costs nothing but their storage
  CloudWatch metrics   until they expire

To remove the stack as well, which leaves the buckets to you:
  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name Likeness
  npx cdk destroy Likeness

To delete the data, once the stack is gone:
  aws s3 rb --force s3://<bucket>
`;

console.log(EXPLANATION);
const input = createInterface({ input: process.stdin, output: process.stdout });
const answer = process.stdin.isTTY ? await input.question('Remove what runs? Type yes: ') : 'no';
input.close();
if (answer.trim() === 'yes') {
  const settings = process.argv.slice(2);
  // The settings of the buckets must be those of the deployment.
  const { status } = spawnSync('npx', ['cdk', 'deploy', '-c', 'serving=false', ...settings], {
    stdio: 'inherit',
    // Through a shell on Windows, where npx is a script.
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
} else {
  console.log('Nothing was removed.');
}
