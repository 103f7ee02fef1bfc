/** Gives a run of tests a temporary folder of its own, and removes it with whatever the tests and their children left. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The variable that names the system's temporary folder while `tmpdir()` is the run's own. */
const OUTER = 'LIKENESS_OUTER_TMPDIR';

/** The environment with this temporary folder: Windows looks in TEMP, the others in TMPDIR. */
const withFolder = (folder: string) => ({ TEMP: folder, TMPDIR: folder });

/** The environment for processes that outlive the run. */
export const outlivingEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ...withFolder(process.env[OUTER] ?? tmpdir()),
});

export default function setup(): () => void {
  const outer = tmpdir();
  const folder = mkdtempSync(join(outer, 'likeness-'));
  Object.assign(process.env, { [OUTER]: outer, ...withFolder(folder) });
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
