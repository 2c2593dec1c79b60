import { describe, expect, it } from 'vitest';
import { type Placed, rankIntervals, titleHolder } from './rank.ts';

/** `[score, half width of its interval]`, in the order they came. */
type Row = [score: number, half: number];
const placed = (rows: Row[]): Placed[] =>
  rows.map(([score, half], at) => ({
    ...{ stamp: `2026060${at + 1}-000000-000`, value: { score } },
    interval: [score - half, score + half] as const,
  }));

describe('rank_low = 1 + rows whose lower bound exceeds my upper bound; rank_high likewise from below', () => {
  it.each<[string, 'desc' | 'asc', Row[], [number, number][]]>([
    ['one row', 'desc', [[5, 1]], [[1, 1]]],
    [
      'told apart',
      'desc',
      [
        [10, 1],
        [5, 1],
        [1, 1],
      ],
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ],
    [
      'lower is better',
      'asc',
      [
        [10, 1],
        [5, 1],
        [1, 1],
      ],
      [
        [3, 3],
        [2, 2],
        [1, 1],
      ],
    ],
    [
      'a chain: ends apart, the middle with both',
      'desc',
      [
        [10, 1],
        [9, 1],
        [7.5, 0.9],
      ],
      [
        [1, 2],
        [1, 3],
        [2, 3],
      ],
    ],
    [
      'bounds that touch are not apart',
      'desc',
      [
        [10, 1],
        [8, 1],
      ],
      [
        [1, 2],
        [1, 2],
      ],
    ],
    [
      'equal points without an interval share',
      'desc',
      [
        [5, 0],
        [5, 0],
        [4, 0],
      ],
      [
        [1, 2],
        [1, 2],
        [3, 3],
      ],
    ],
    [
      'one that nobody knows much of',
      'desc',
      [
        [10, 0],
        [6, 9],
        [1, 0],
      ],
      [
        [1, 2],
        [1, 3],
        [2, 3],
      ],
    ],
    [
      'below zero',
      'asc',
      [
        [-3, 1],
        [-2.5, 1],
        [4, 1],
      ],
      [
        [1, 2],
        [1, 2],
        [3, 3],
      ],
    ],
  ])('%s', (_, order, rows, expected) => {
    const list = placed(rows);
    const found = list
      .map(rankIntervals(list, order))
      .map(({ rank_low, rank_high }) => [rank_low, rank_high]);
    expect(found).toEqual(expected);
  });
});

describe('first place', () => {
  it.each<[string, 'desc' | 'asc', number, number[], number]>([
    ['goes to the earlier of equals', 'desc', 0, [5, 5], 0],
    ['goes to any better one where nothing is demanded', 'desc', 0, [5, 5.0001], 1],
    ['is kept against less than the improvement', 'desc', 0.01, [100, 100.9], 0],
    ['is taken by just the improvement', 'desc', 0.01, [100, 101], 1],
    ['is measured from its holder, not from the last', 'desc', 0.01, [100, 100.6, 101.1], 2],
    ['small steps add up only for whoever makes the last', 'desc', 0.01, [100, 100.5, 100.9], 0],
    ['lower is better', 'asc', 0.01, [100, 99.5, 99], 2],
    ['below zero, nearer to it is better by order alone', 'desc', 0.01, [-100, -99.5, -98], 2],
    ['a later worse one changes nothing', 'desc', 0.01, [100, 90], 0],
  ])('%s', (_, order, minImprovement, scores, holder) => {
    const list = placed(scores.map((score): Row => [score, 0]));
    expect(list.indexOf(titleHolder(list, order, minImprovement) as Placed)).toBe(holder);
    expect(list.indexOf(titleHolder(list.toReversed(), order, minImprovement) as Placed)).toBe(holder);
  });
});
