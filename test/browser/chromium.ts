/** Finds a Chromium on this machine; on a CI machine it is installed. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of the browser: the one that `LIKENESS_CHROMIUM` names, or one that stands where systems put it. */
export const chromiumPath = (): string | undefined =>
  process.env.LIKENESS_CHROMIUM ?? PLACES.find((path) => existsSync(path));

/**
 * Installs Debian's Chromium where that is allowed (`LIKENESS_INSTALL=1`) and possible.
 *
 * @throws Error that says how to get a browser otherwise
 */
export function ensureChromium(): string {
  const found = chromiumPath();
  if (found) return found;
  if (process.env.LIKENESS_INSTALL !== '1' || process.getuid?.() !== 0) {
    throw new Error(
      'The browser tests need Chromium. Install it ("apt-get install chromium" on Debian), name another one in ' +
        'LIKENESS_CHROMIUM, or run as root with LIKENESS_INSTALL=1 to have it installed.',
    );
  }
  console.log('Installing Chromium and the font of the screenshots.');
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-inter'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return ensureChromium();
}
