/** The browser tests stand apart from the others: they need Chromium and the built console. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/browser/**/*.browser.ts'],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Each file has its own browser and server; two cores carry one of both at a time.
    fileParallelism: false,
  },
});
