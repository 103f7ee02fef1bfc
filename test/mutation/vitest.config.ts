/** The tests that mutants are tried on: those of the mutated folders that are quick, need no server and start no process. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/vectorlog/{log,commit,read,store,testing}/**/*.test.ts'],
    exclude: ['test/vectorlog/store/{s3-store,s3-timeouts,growing}.test.ts'],
    testTimeout: 120_000,
  },
});
