import { expect, it } from 'vitest';
import { type TourResult, verdictLines } from './report.ts';

const gate = {
  id: 'audit_top1',
  value: 0.6123,
  limit: 0.98,
  op: '>=',
  pass: false,
  n: 768,
  se: null,
  note: '',
};
const result = (agent: string, verdict: string, gates: object[]) =>
  ({ filename: 'f', agent, score: 127.26, verdict, gates }) as unknown as TourResult;

it('a verdict is told with what did not hold', () => {
  expect(
    verdictLines([
      result('heron', 'valid', [{ ...gate, id: 'ppl' }]),
      result('fox', 'invalid', [gate, { ...gate, id: 'reuse', pass: true }]),
    ]),
  ).toEqual([
    '  ✓ valid         127.3  heron',
    '  ✗ invalid       127.3  fox    audit_top1 0.612, not >= 0.98',
  ]);
});
