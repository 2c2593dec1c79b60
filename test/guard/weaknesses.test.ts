import { describe, expect, test } from 'vitest';
import { namedTests, WEAKNESSES } from './weaknesses.ts';

const named = new Set(namedTests().flatMap((each) => each.ids));

describe('every known weakness has a test that carries its number', () => {
  test.each(Object.entries(WEAKNESSES))('%s', (id, { untested }) => {
    expect(named.has(id) ? 'tested' : (untested ?? 'no test names it')).toBe(untested ?? 'tested');
  });
});

test('the list is whole', () => {
  const counts: Record<string, number> = {};
  for (const [letter] of Object.keys(WEAKNESSES) as string[])
    counts[letter as string] = (counts[letter as string] ?? 0) + 1;
  expect(counts).toEqual({ S: 35, C: 28, P: 10, V: 10, B: 11, T: 5, X: 2 });
});

test('no test names a number that stands nowhere', () => {
  expect([...named].filter((id) => !Object.hasOwn(WEAKNESSES, id))).toEqual([]);
});
