/** Gives a run of tests a temporary folder of its own, and removes it with whatever the tests and their children left. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-'));
  // Where Node, the CDK, Chromium and the rest look: the one on Windows, the other elsewhere.
  process.env.TEMP = folder;
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
