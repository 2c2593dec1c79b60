import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDecimals, formatDecimal, parseDecimal } from './decimal.ts';
import { betterFirst, compareScores, readScore, takeScore } from './score.ts';

describe('takeScore', () => {
  const taken: [string, unknown, string | undefined, object][] = [
    ['a plain float', 44.07, '44.07', { score: 44.07 }],
    ['zero (C23)', 0, '0', { score: 0 }],
    ['negative (C23)', -1.5, '-1.5', { score: -1.5 }],
    ['minus zero is zero', -0, '-0', { score: 0 }],
    ['no source', 12, undefined, { score: 12 }],
    ['no source, exponent', 1e21, undefined, { score: 1e21 }],
    ['YAML 1.1 underscores', 1000, '1_000', { score: 1000 }],
    ['YAML 1.1 hexadecimal has only its value', 16, '0x10', { score: 16 }],
    [
      'an integer past the doubles',
      9007199254740992,
      '9007199254740993',
      { score: 9007199254740992, exact: '9007199254740993' },
    ],
    [
      'past the largest double (S17)',
      Infinity,
      `1${'0'.repeat(400)}`,
      { score: Number.MAX_VALUE, exact: '0.1e401' },
    ],
    [
      'a big integer',
      12345678901234567890n,
      undefined,
      { score: 12345678901234567000, exact: '12345678901234567890' },
    ],
  ];
  it.each(taken)('takes %s', (_name, value, source, expected) => {
    expect(takeScore(value, source)).toEqual({ ok: true, value: expected });
  });

  const refused: [string, unknown, string | undefined, RegExp][] = [
    ['NaN', Number.NaN, '.nan', /NaN/],
    ['infinity', Infinity, '.inf', /finite/],
    ['minus infinity', -Infinity, '-.inf', /finite/],
    ['a boolean', true, 'true', /number/],
    ['a string', '12', undefined, /number/],
    ['null', null, undefined, /number/],
    ['too many digits', Infinity, '9'.repeat(4001), /4000 digits/],
    ['too large an exponent', Infinity, '1e5000', /4000 digits/],
  ];
  it.each(refused)('refuses %s', (_name, value, source, problem) => {
    const reading = takeScore(value, source);
    expect(reading.ok).toBe(false);
    expect(!reading.ok && reading.problem).toMatch(problem);
  });
});

describe('readScore', () => {
  it('keeps the exact text only when it belongs to the number', () => {
    expect(readScore(9007199254740992, '9007199254740993')).toEqual({
      score: 9007199254740992,
      exact: '9007199254740993',
    });
    expect(readScore(5, '9007199254740993')).toEqual({ score: 5 });
    expect(readScore(5, 'rm -rf')).toEqual({ score: 5 });
    expect(readScore('5')).toBeNull();
    expect(readScore(Number.POSITIVE_INFINITY)).toBeNull();
  });
});

describe('order of scores', () => {
  const decimal = fc
    .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.integer({ min: -30, max: 30 }))
    .map(([minus, mantissa, exp]) => `${minus ? '-' : ''}${mantissa}e${exp}`);

  it('agrees with exact integer arithmetic', () => {
    const scaled = (text: string) => {
      const [mantissa, exp] = text.split('e') as [string, string];
      return BigInt(mantissa) * 10n ** BigInt(Number(exp) + 30);
    };
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const [x, y] = [scaled(a), scaled(b)];
        const ours = compareDecimals(parseDecimal(a)!, parseDecimal(b)!);
        expect(Math.sign(ours)).toBe(x < y ? -1 : x > y ? 1 : 0);
      }),
    );
  });

  it('survives being written and read', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        const value = parseDecimal(text)!;
        expect(parseDecimal(formatDecimal(value))).toEqual(value);
      }),
    );
  });

  it('tells neighbours apart that share a double', () => {
    const small = { score: 9007199254740992 };
    const large = { score: 9007199254740992, exact: '9007199254740993' };
    expect(compareScores(small, large)).toBeLessThan(0);
    expect([small, large].sort(betterFirst('desc'))[0]).toBe(large);
    expect([large, small].sort(betterFirst('asc'))[0]).toBe(small);
  });
});
