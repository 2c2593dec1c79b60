import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { svelteModules } from './test/helpers/svelte-modules.ts';

/** Suites of real processes take longest: started last, one of them would keep a single core busy at the end. */
const LONG = ['test/harness/redteam', 'test/e2e/tour', 'test/harness/', 'test/fault/', 'test/e2e/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((part) => moduleId.includes(part));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  plugins: [svelteModules],
  test: {
    include: ['test/**/*.test.ts', 'templates/**/*.test.ts', 'generator/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'test/browser/**',
      'test/clients/**',
      'test/bench/**',
      'test/soak/**',
      'test/proofs/**',
    ],
    globalSetup: 'test/helpers/temp-root.ts',
    expect: { requireAssertions: true, poll: { timeout: 240_000 } },
    sequence: { sequencer: LongestFirst },
    // One more than there are cores: the long suites wait for processes of their own.
    maxWorkers: availableParallelism() + 1,
    // For what hangs. A slow machine is no fault of the program.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
