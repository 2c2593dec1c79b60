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
  return posts.map((_, at) => Number(found.get(`c${at}`)?.score.toFixed(3)));
};

describe('contents of one author', () => {
  it.each([
    ['noise alone is one estimate', [100, 101, 99], 'desc', [100, 100, 100]],
    ['a clear improvement stands alone', [100, 110], 'desc', [100, 110]],
    ['a clear step back does not pull the best down', [100, 80, 99], 'desc', [99.5, 80, 99.5]],
    ['what joins never raises what the first measured', [100, 101, 101], 'desc', [100, 100, 100]],
    ['nor where lower is better', [100, 99, 99], 'asc', [100, 100, 100]],
    ['it may lower it, and come back as far', [100, 98.5, 102], 'desc', [100, 100, 100]],
    [
      'those that joined stand alone once they are clearly better together',
      [100, 103.5, 103.5, 103.5, 103.5],
      'desc',
      [100, 103.5, 103.5, 103.5, 103.5],
    ],
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
        [104, [104, 104]],
      ],
      [100, 104],
    ],
    [
      'what they cannot tell apart is one estimate of all runs, where that is worse',
      [
        [100, [100]],
        [101, [97]],
      ],
      [99.333, 99.333],
    ],
    [
      'a lucky first run that fresh ones do not bear out joins',
      [
        [100, [100]],
        [103, [100]],
      ],
      [100, 100],
    ],
  ] as [string, [number, number[]][], number[]][])('%s', (_, posts, expected) => {
    const contents = posts.map(([first, fresh], at) => ({
      key: `c${at}`,
      runs: [run(first), ...fresh.map((score) => ({ ...run(score), fresh: true }))],
    }));
    const found = families(contents, 'desc', CALIBRATION);
    expect(posts.map((_post, at) => Number(found.get(`c${at}`)?.score.toFixed(3)))).toEqual(expected);
  });

  it('without a calibration every content stands alone', () => {
    expect(scoresOf([100, 101], 'desc', null)).toEqual([100, 101]);
  });

  const normals = () => {
    let seed = 1;
    const uniform = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  };

  it.each([
    ['posts all twenty', Number.POSITIVE_INFINITY],
    ['stops once the row shows enough', 0],
    ['stops once it shows 0.4 % too much', 0.004],
  ])('an author who %s gains less than 0.2 per cent on average, a byte changed each time', (_, stopAt) => {
    const normal = normals();
    const gains = Array.from({ length: 400 }, () => {
      const draw = () => run(500 * (1 + 0.01 * normal()));
      const fresh = () => ({ ...draw(), fresh: true });
      const contents = Array.from({ length: 20 }, (_, at) => ({
        key: `c${at}`,
        runs: [draw(), fresh(), fresh()],
      }));
      const shown = (posts: number) => {
        const scores = [...families(contents.slice(0, posts), 'desc', CALIBRATION).values()];
        return Math.max(...scores.map((each) => each?.score ?? 0)) / 500 - 1;
      };
      if (stopAt === Number.POSITIVE_INFINITY) return shown(contents.length);
      const posts = contents.findIndex((_content, at) => shown(at + 1) > stopAt) + 1 || contents.length;
      return shown(posts);
    });
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
    expect(mean).toBeLessThan(0.002);
    expect(mean).toBeGreaterThan(-0.003);
  });
});
