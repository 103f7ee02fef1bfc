/** Tests against AWS itself, with the credentials and the region of the environment; they make what they need and remove it. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/aws/**/*.aws.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
