/** The tests that mutants are tried on: those of the mutated folders that are quick, need no server and start no process. */

import { defineConfig } from 'vitest/config';

/** A folder's own tests take minutes; those of all folders, which know more, take hours. */
const folders = process.env.LIKENESS_MUTATE_TESTS ?? '{log,commit,read,store,testing}';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: [`test/vectorlog/${folders}/**/*.test.ts`],
    exclude: [
      'test/vectorlog/store/{s3-store,s3-timeouts,file-store-processes,file-store-variants}.test.ts',
      'test/vectorlog/commit/composing.test.ts',
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
