import { expect, it } from 'vitest';
import { serverLine } from './server-facts.ts';

it.each([
  [0, '$0.00'],
  [0.00000001, '$0.0001'],
  [0.0004, '$0.0004'],
  [0.01, '$0.01'],
  [1.239, '$1.24'],
])('%d dollars are said as %s: nothing is nothing alone', (spentUsd, said) => {
  const queue = { waiting: 0, eta: null, spentUsd, budgetUsd: 20 };
  expect(serverLine({ results: {}, queue })).toContain(`; ${said} of $20 spent`);
});
