/** Runs the tarball; apart from the other tests because it installs packages from the registry. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/package/**/*.package.ts'],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // All use one installation, and only its making takes long.
    fileParallelism: false,
  },
});
