import { expect, it } from 'vitest';
import { table } from './table.ts';

const LONG = 'a reason that goes on for much longer than a terminal is wide';

it('fits a terminal by cutting the last column, and cuts nothing without one', () => {
  const lines = (columns?: number) =>
    table(['check', 'n', 'found'], [['one', 12, LONG]], columns).split('\n');
  for (const line of lines(40)) expect(line.length).toBeLessThanOrEqual(40);
  expect(lines(40)[2]).toBe('one    12  a reason that goes on for mu…');
  expect(lines()[2]).toBe(`one    12  ${LONG}`);
  expect(lines(5)[2]).toBe('one    12  a reason th…');
});
