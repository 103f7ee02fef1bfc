/** Runs the deployed packages; apart from the other tests because it needs cdk.out, Linux and an S3 server. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/assets/**/*.assets.ts'],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // The tests of a file follow the life of one library; after one failed, the others would only repeat it.
    bail: 1,
  },
});
