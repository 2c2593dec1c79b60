import { describe, expect, it } from 'vitest';
import { families } from './families.ts';

const CALIBRATION = { machineRelSd: 0.01, passRelSd: 0.0001 };
const run = (score: number) => ({ score, passes: 3 });
const scoresOf = (
  posts: number[],
  order: 'asc' | 'desc' = 'desc',
  calibration: typeof CALIBRATION | null = CALIBRATION,
) => {
  const contents = posts.map((score, at) => ({ key: `c${at}`, runs: [run(score)] }));
  const found = families(contents, order, calibration);
  return posts.map((_, at) => {
    const runs = found.get(`c${at}`) ?? [];
    return Number((runs.reduce((sum, each) => sum + each.score, 0) / runs.length).toFixed(3));
  });
};

describe('contents of one author', () => {
  it.each([
    ['noise alone is one estimate', [100, 101, 99], 'desc', [100, 100, 100]],
    ['a clear improvement stands alone', [100, 110], 'desc', [100, 110]],
    ['a clear step back does not pull the best down', [100, 80, 101], 'desc', [100.5, 80, 100.5]],
    ['lower is better: joins the lowest', [100, 90, 91], 'asc', [100, 90.5, 90.5]],
  ] as const)('%s', (_, posts, order, expected) => {
    expect(scoresOf([...posts], order)).toEqual(expected);
  });

  it.each([
    ['fresh runs alone rank a content', [[105, [100]]], [100]],
    [
      'fresh runs tell apart what one run could not',
      [
        [100, [100]],
        [103, [103, 103]],
      ],
      [100, 103],
    ],
    [
      'what they cannot tell apart is one estimate of all runs',
      [
        [100, [100]],
        [103, [101]],
      ],
      [101.333, 101.333],
    ],
    [
      'a lucky first run that fresh ones do not bear out joins',
      [
        [100, [100]],
        [103, [100]],
      ],
      [101, 101],
    ],
  ] as [string, [number, number[]][], number[]][])('%s', (_, posts, expected) => {
    const contents = posts.map(([first, fresh], at) => ({
      key: `c${at}`,
      runs: [run(first), ...fresh.map((score) => ({ ...run(score), fresh: true }))],
    }));
    const found = families(contents, 'desc', CALIBRATION);
    const mean = (runs: readonly { score: number }[]) =>
      runs.reduce((sum, { score }) => sum + score, 0) / runs.length;
    expect(posts.map((_post, at) => Number(mean(found.get(`c${at}`) ?? []).toFixed(3)))).toEqual(expected);
  });

  it('without a calibration every content stands alone', () => {
    expect(scoresOf([100, 101], 'desc', null)).toEqual([100, 101]);
  });

  it('twenty posts with a byte changed gain less than 0.2 % on average', () => {
    let seed = 1;
    const uniform = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const gains = Array.from({ length: 400 }, () => {
      const posts = Array.from({ length: 20 }, () => 500 * (1 + 0.01 * normal()));
      return Math.max(...scoresOf(posts)) / 500 - 1;
    });
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
    expect(mean).toBeLessThan(0.002);
    expect(mean).toBeGreaterThan(-0.002);
  });
});
