import { describe, expect, it } from 'vitest';
import { at, row } from '../../../test/helpers/page-records.ts';
import { paretoAxes, paretoPoints } from './pareto.ts';
import { toSeries } from './series.ts';

describe('score over time', () => {
  const rows = [
    row({ filename: at(3), score: 9, verification: 'pending' }),
    row({ filename: at(1), score: 5 }),
    row({ filename: at(4), score: 99, verification: 'invalid' }),
    row({ filename: at(2), score: 7 }),
    row({ filename: 'no-stamp.md', score: 1000 }),
  ];
  it.each([
    ['desc' as const, true, [5, 7]],
    ['desc' as const, false, [5, 7, 9]],
    ['asc' as const, true, [5]],
  ])('%s verified only %s', (order, only, best) => {
    expect(toSeries(rows, order, only).best.map((b) => b.score)).toEqual(best);
  });
  it('an invalid result is a point and no champion', () => {
    const { points, champion } = toSeries(rows, 'desc', true);
    expect(points).toHaveLength(4);
    expect(champion?.score).toBe(7);
  });
  it('P9: takes 200,000 points', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => row({ score: i, filename: at(i % 60, `a${i}`) }));
    expect(toSeries(many, 'desc', true).points).toHaveLength(200_000);
  });
});

describe('trade-off', () => {
  const gates = (value: number) => [{ id: 'ppl', value, limit: 2.4, op: '<=', pass: value <= 2.4 }];
  const rows = [
    row({ filename: at(1), score: 10, gates: gates(2.0) }),
    row({ filename: at(2), score: 8, gates: gates(2.1) }),
    row({ filename: at(3), score: 12, gates: gates(2.3) }),
    row({ filename: at(4), score: 20, gates: gates(2.9), verification: 'invalid' }),
    row({ filename: at(5), score: 11 }),
  ];
  it('finds the axes that were measured', () => {
    const axes = paretoAxes(
      rows,
      [
        { id: 'ppl', op: '<=', limit: 2.4 },
        { id: 'none', op: '<=', limit: 1 },
      ],
      '',
      '',
    );
    expect(axes.map((a) => [a.id, a.limit, a.order])).toEqual([['ppl', 2.4, 'asc']]);
  });
  it('keeps what nothing beats on both', () => {
    const [axis] = paretoAxes(rows, [], '', '');
    const front = paretoPoints(rows, axis as NonNullable<typeof axis>, 'desc').filter((p) => p.front);
    expect(front.map((p) => p.score)).toEqual([10, 12]);
  });
});
