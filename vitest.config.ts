import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/temporary-folder.ts',
    // Some fill whole answers of 6 MB: seconds alone, more than a minute on a busy machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Two tests that each start onnxruntime's thread pool on a two-core machine only slow each other down.
    maxWorkers: 2,
  },
});
