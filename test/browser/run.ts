/**
 * `npm run test:browser`: builds the console and tries it in a real browser.
 *
 *     npm run test:browser
 *     npm run test:browser -- main-way          # the files whose name contains this
 *     npm run test:browser -- --screenshots     # writes docs/screenshots as well
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './chromium.ts';

const SCREENSHOTS = '--screenshots';
const root = fileURLToPath(new URL('../..', import.meta.url));
const wanted = process.argv.slice(2);

function run(command: string, args: readonly string[], env: Record<string, string> = {}): void {
  const { status } = spawnSync('npx', [command, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

try {
  ensureChromium();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
run('vite', ['build', '--config', 'console/vite.config.ts', '--logLevel', 'warn']);
run(
  'vitest',
  ['run', '--config', 'test/browser/vitest.config.ts', ...wanted.filter((each) => each !== SCREENSHOTS)],
  wanted.includes(SCREENSHOTS) ? { LIKENESS_SCREENSHOTS: '1' } : {},
);
