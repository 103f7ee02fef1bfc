/** Runs the CDK's command line. */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

/**
 * Runs it to its end, with this terminal. It is started by Node itself: on Windows `npx` is a script that only a shell can
 * start, and a shell reads `schedule=rate(5 minutes)` as something else.
 *
 * @returns whether it ended well
 */
export function runCdk(...args: readonly string[]): boolean {
  const program = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
  return spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' }).status === 0;
}
