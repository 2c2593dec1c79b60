import { describe, expect, it } from 'vitest';
import { at, row } from '../../../test/helpers/page-records.ts';
import { championOf, filterRows, progressOf } from './board.ts';
import { boardQuery, choiceParams, toBoardChoice } from './choice.ts';
import { toCsv } from './csv.ts';
import { gateSummary, isOverclaim, rankLabel } from './verdict.ts';

describe('ranks and verdicts', () => {
  it.each([
    [row({ rank: 3 }), '3'],
    [row({ rank: 3, rank_low: 2, rank_high: 5 }), '2–5'],
    [row({ rank: null, verification: 'pending', provisional_rank: 4 }), '(4)'],
    [row({ rank: null, verification: 'invalid' }), '–'],
    [row({ rank: 7, verification: 'pending' }), '7'],
  ])('%#', (r, label) => {
    expect(rankLabel(r)).toBe(label);
  });
  it.each([
    ['desc' as const, 110, true],
    ['desc' as const, 100, false],
    ['asc' as const, 80, true],
  ])('claim %s %d', (order, claimed, over) => {
    expect(isOverclaim(row({ claimed, ci95: [90, 105] }), order)).toBe(over);
  });
  it('names the gates that failed', () => {
    expect(
      gateSummary([
        { id: 'ppl', pass: false },
        { id: 'top1', pass: true },
      ]),
    ).toBe('failed: ppl');
  });
});

describe('board', () => {
  it.each([
    [[row({ verification: 'pending', agent: 'p' }), row({ agent: 'v' })], 'v'],
    [[row({ verification: 'pending', agent: 'p' })], 'p'],
    [[row({ verification: 'invalid' })], undefined],
  ])('champion %#', (rows, agent) => {
    expect(championOf(rows)?.agent).toBe(agent);
  });
  it.each([
    ['desc' as const, 10, 45, '4.5 × the first result (10.00)'],
    ['desc' as const, 10, 11, '10 % above the first result (10.00)'],
    ['desc' as const, 10, 9, '10 % below the first result (10.00)'],
    ['asc' as const, 10, 5, '50 % below the first result (10.00)'],
    ['asc' as const, 10, 25, '150 % above the first result (10.00)'],
    ['desc' as const, -1, 5, '6.00 above the first result (-1.00)'],
    ['asc' as const, 0, 0, 'as much as the first result (0)'],
    ['desc' as const, 1e-9, 1, '1,000,000,000 × the first result (1.00e-9)'],
  ])('progress %s from %d to %d', (order, first, now, text) => {
    const champion = row({ filename: at(9), score: now });
    const rows = [row({ filename: at(1), score: first }), champion];
    expect(progressOf(rows, [], champion, order)).toBe(text);
  });
  it('is set against the best baseline, where there is one', () => {
    const champion = row({ filename: at(9), score: 45 });
    const baselines = [
      { score: 9, verified: true },
      { score: 15, verified: true },
    ];
    expect(progressOf([champion], baselines, champion, 'desc')).toBe('3 × the baseline (15.00)');
    expect(progressOf([champion], baselines, champion, 'asc')).toBe('400 % above the baseline (9.00)');
    expect([progressOf([champion], [], champion, 'desc'), progressOf([], baselines, null, 'desc')]).toEqual([
      '',
      '',
    ]);
  });
  it.each([
    [[9, 1e12], '5 × the claimed baseline (9.00)'],
    [[1e12], ''],
  ])(
    'a baseline that anybody claims (%j) is called so, and is none when it beats what is measured',
    (claimed, words) => {
      const champion = row({ filename: at(9), score: 45 });
      const baselines = claimed.map((score) => ({ score, verified: false }));
      expect(progressOf([champion], baselines, champion, 'desc')).toBe(words);
      const verified = [...baselines, { score: 15, verified: true }];
      expect(progressOf([champion], verified, champion, 'desc')).toBe('3 × the baseline (15.00)');
    },
  );
  it('filters by words anywhere', () => {
    const rows = [row({ agent: 'ada', method: 'int4 head' }), row({ agent: 'bob' })];
    expect(filterRows(rows, 'INT4 ada').map((r) => r.agent)).toEqual(['ada']);
  });
  it('a choice and its address are the same thing', () => {
    const choice = toBoardChoice(
      { group: 'user', show: 'all', verdict: 'nonsense', division: 'open' },
      'lossless',
    );
    expect(choiceParams(choice, 'lossless')).toEqual({ division: 'open', group: 'user', show: 'all' });
    expect(boardQuery(choice, 'lossless')).toBe('?best_per_agent=false&group_by=user&division=open');
    expect(boardQuery(toBoardChoice({}, 'lossless'), 'lossless')).toBe('');
  });
  it('exports cells that no spreadsheet runs', () => {
    expect(
      toCsv(
        ['a', 'b'],
        [
          ['=1+1', 'x,"y"'],
          [-2, null],
        ],
      ),
    ).toBe('a,b\r\n\'=1+1,"x,""y"""\r\n-2,\r\n');
  });
});
