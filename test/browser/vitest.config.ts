import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    expect: { requireAssertions: true },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    // A race between a test and the page shows as "retry x1" and is to be mended; twice in a row is a failure.
    retry: 1,
    // Pages wait more than they work.
    maxConcurrency: 2,
  },
});
