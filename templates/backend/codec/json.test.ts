import { expect, it } from 'vitest';
import { readSummary } from '../domain/verification/summary.ts';
import { tryJson } from './json.ts';

const deep = (n: number) => '['.repeat(n) + ']'.repeat(n);

it.each([
  ['64 brackets', deep(64), true],
  ['65 brackets', deep(65), false],
  ['a million', deep(1_000_000), false],
  ['objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, false],
  ['many beside each other', `[${'[[]],'.repeat(1000)}1]`, true],
  ['brackets inside text', JSON.stringify('\\"[{'.repeat(1000)), true],
  ['a text without end', '"[', false],
  ['an escape at the end', '"\\', false],
])('%s', (_name, text, good) => {
  expect(tryJson(text) !== undefined).toBe(good);
});

it('a summary too deep to be written into a verdict is none', () => {
  const summary = (n: number) => `{"score": 1, "gates": [], "provenance": {"x": ${deep(n)}}}`;
  expect(readSummary(summary(10), 'score')?.measured).toMatchObject({ score: 1 });
  expect(readSummary(summary(9_000), 'score')).toBeNull();
});
