import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'templates/**/*.test.ts', 'generator/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/browser/**', 'test/clients/**', 'test/bench/**', 'test/soak/**'],
    expect: { requireAssertions: true },
    testTimeout: 30_000,
  },
});
