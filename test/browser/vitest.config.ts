import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    expect: { requireAssertions: true },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // .ci/run names every test that needed its second try.
    retry: 1,
    fileParallelism: false,
    // Pages wait more than they work.
    maxConcurrency: 2,
  },
});
