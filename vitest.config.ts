import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'templates/**/*.test.ts', 'generator/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/browser/**', 'test/clients/**', 'test/bench/**', 'test/soak/**'],
    globalSetup: 'test/helpers/temp-root.ts',
    expect: { requireAssertions: true },
    // Every core: left alone, one of them waits.
    maxWorkers: '100%',
    // For what hangs. A slow machine is no fault of the program.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
