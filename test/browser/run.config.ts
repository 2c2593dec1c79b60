import { defineConfig } from 'vitest/config';

/** What is run by hand: pictures and measurements. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.run.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
});
