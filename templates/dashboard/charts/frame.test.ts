import { describe, expect, it } from 'vitest';
import { padded, spanning, timeScale, timeTicks } from './frame.ts';

describe('axes', () => {
  it.each([
    ['one claim beyond all measure', [10, 20], [15, 1e300], [10, 20, 15]],
    ['a claim of something great', [10, 20], [500], [10, 20, 500]],
    ['claims alone', [], [118, 13970, 1e300, -1e300], [118, 13970]],
    ['zero everywhere', [0, 0], [0], [0, 0, 0]],
    ['what is verified, however large', [1, 1e300], [], [1, 1e300]],
  ])('an axis spans %s', (_what, verified, claimed, spanned) => {
    const points = [
      ...verified.map((score) => ({ score, trusted: true })),
      ...claimed.map((score) => ({ score, trusted: false })),
    ];
    expect(spanning(points)).toEqual(spanned);
  });
  it.each([
    [
      [40, 490],
      [13, 535],
    ],
    [
      [1, 490],
      [0, 538.9],
    ],
    [
      [-5, -1],
      [-5.24, -0.6],
    ],
    [
      [-5, -0.1],
      [-5.294, 0],
    ],
    [
      [-1, 1],
      [-1.12, 1.2],
    ],
    [[], [0, 1]],
  ] as const)('%j never cross zero without a reason', (values, [low, high]) => {
    const [from, to] = padded(values, 0.06, 0.1);
    expect([from, to]).toEqual([expect.closeTo(low, 6), expect.closeTo(high, 6)]);
  });
});

describe('times', () => {
  it.each([
    ['40 seconds', 40_000],
    ['half a second', 500],
    ['two minutes', 120_000],
    ['three hours', 3 * 3_600_000],
  ])('of %s are told apart', (_what, span) => {
    const from = Date.UTC(2026, 5, 1, 12);
    const labels = timeTicks(timeScale([from, from + span], 700), 700).map(({ label }) => label);
    expect(labels.length).toBeGreaterThan(1);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it.each([0, 5, 65, 100, 600, 3_000, 40_000, 90_000, 700_000, 5_000_000])(
    'of %i s have room beside each other',
    (seconds) => {
      const from = Date.UTC(2026, 5, 1, 12, 3, 7);
      for (const width of [300, 480, 700, 1300]) {
        const at = timeTicks(timeScale([from, from + seconds * 1000], width), width).map((tick) => tick.at);
        const gaps = at.slice(1).map((x, i) => x - (at[i] as number));
        expect([width, at.length]).toEqual([width, expect.toSatisfy((n: number) => n > 0 && n <= 8)]);
        expect([width, Math.min(...gaps)]).toEqual([width, expect.toSatisfy((gap: number) => gap >= 60)]);
      }
    },
  );
});
