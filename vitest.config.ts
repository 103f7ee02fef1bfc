import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two tests that each start onnxruntime's thread pool on a two-core machine only slow each other down.
    maxWorkers: 2,
  },
});
