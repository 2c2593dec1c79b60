import { defineConfig, mergeConfig } from 'vitest/config';
import suite from '../../vitest.config.ts';

/** The whole red team and the whole self-test: minutes of real processes. */
export default mergeConfig(
  { ...suite, test: { ...suite.test, include: [], exclude: [] } },
  defineConfig({ test: { include: ['test/proofs/**/*.test.ts'], exclude: ['**/node_modules/**'] } }),
);
