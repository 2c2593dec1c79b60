import { describe, expect, it } from 'vitest';
import { announcement } from './announce.ts';
import { Verdict } from './verdict.ts';

const told = (over: object, claimed: number | null = null) =>
  announcement({
    verdict: Verdict.parse({
      schema: 1,
      result: '20260601-100000-000_a.md',
      state: 'invalid',
      by: { kind: 'machine', id: 'verifier' },
      at: '2026-06-01T12:00:00.000Z',
      reason: 'r',
      ...over,
    }),
    owner: 'a',
    claimed,
    scoreField: 'size',
  });

describe('what the board says of a verdict', () => {
  const reasons: [string, string][] = [
    ['gate audit_top1 failed: 0.57 (must be >= 0.98)', 'gate audit_top1 failed: 0.57 (must be >= 0.98)'],
    ['a <= 1, b < 2', 'a <= 1, b < 2'],
    ['ask @bob\n# now | here', 'ask (at)bob # now   here'],
    ['_x_ **b** [a](b) `c`', 'x b a(b) c'],
    ['<img src=x onerror=y> </td> <!-- c', 'img src=x onerror=y> /td> !-- c'],
    ['> quoted', 'quoted'],
  ];
  it.each(reasons)('%j keeps its words, not its markup', (reason, shown) => {
    expect(told({ reason }).split('\n')[2]).toBe(shown);
  });

  it('names gates as the challenge does, and counts to the last digit', () => {
    const gates = [{ id: 'audit_top1', value: 1234567, limit: 0.123456789, op: '>=', pass: true }];
    const text = told({ gates, measured: { score: 12345678, passes: 1 } }, 12345679);
    expect(text).toContain('| audit_top1 | 1234567 | >= 0.123456789 | ✅ |');
    expect(text).toContain('| claimed | 12345679 |');
    expect(text).toContain('| measured | 12345678 |');
  });
});
