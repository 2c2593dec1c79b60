import { expect, test } from 'vitest';
import { scoreOf } from './run-state.ts';

const spread = { mean: 559.3, sd: 117, runs: 3, unit: 'answers/s' };

test.each([
  ['a field of its own', { tps: 640, score: { ...spread, mean: 1 } }, 'tps', 640],
  ['the field is called score', { score: spread }, 'score', 559.3],
  ['a plain number called score', { score: 7 }, 'score', 7],
  ['nothing measured', { score: null }, 'score', null],
  ['another object with a mean', { gap: { mean: 3 } }, 'gap', null],
  ['text', { tps: '640' }, 'tps', null],
  ['no summary', null, 'score', null],
])('the score of a run: %s', (_name, summary, field, score) => {
  expect(scoreOf(summary, field)).toBe(score);
});
