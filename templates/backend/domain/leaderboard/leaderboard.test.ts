import type { VerificationState } from '@collab/contract/schemas.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../../test/helpers/cpu.ts';
import { UNJUDGED } from '../verification/judgement.ts';
import { type BoardOptions, measuredBoard } from './board.ts';
import { compatBoard } from './compat.ts';
import { isOverclaim, pool, readCalibration } from './pool.ts';
import { titleHolder } from './rank.ts';
import type { Entry } from './row.ts';

const DIVISION = { id: 'main', gates: ['audit'], headline: true };
const OPTIONS: BoardOptions = {
  order: 'desc',
  groupBy: 'agent',
  states: new Set(['valid', 'pending']),
  division: DIVISION,
  gates: [{ id: 'audit' }],
  minImprovement: 0,
  allowNonPositive: true,
  calibration: null,
  claimTolerance: 0.05,
};

interface Spec {
  at: number;
  agent?: string;
  user?: string;
  claim: number;
  state?: VerificationState;
  /** Scores of verification jobs. */
  runs?: number[];
  sha?: string;
  gates?: { id: string; pass: boolean }[];
  status?: string;
}

function entry(spec: Spec): Entry {
  const stamp = `20260601-10${String(spec.at).padStart(4, '0')}-000`;
  const agent = spec.agent ?? `agent-${spec.at}`;
  const state = spec.state ?? 'pending';
  const runs = (spec.runs ?? []).map((score, job) => ({ score, passes: 3, job_id: `${stamp}-${job}` }));
  const verdict = {
    schema: 1 as const,
    result: `${stamp}_${agent}.md`,
    state: state === 'valid' || state === 'invalid' ? state : ('pending' as const),
    by: { kind: 'machine' as const, id: 'v' },
    at: '',
    reason: '',
    gates: spec.gates ?? [],
    stamp,
  };
  return {
    filename: `${stamp}_${agent}.md`,
    stamp,
    agent,
    user: spec.user ?? null,
    frontmatter: { status: spec.status ?? 'agent-run', method: 'm', description: 'd' },
    malformed: false,
    claimed: { score: spec.claim },
    judgement:
      state === 'pending'
        ? UNJUDGED
        : {
            state: verdict.state,
            decided: verdict,
            gates: spec.gates ?? [],
            runs,
            sha256: spec.sha,
            appealed: false,
          },
    state,
  };
}
const board = (specs: Spec[], over: Partial<BoardOptions> = {}) =>
  measuredBoard(specs.map(entry), { ...OPTIONS, ...over }).rows;
const names = (specs: Spec[], over: Partial<BoardOptions> = {}) => board(specs, over).map((row) => row.agent);

describe('compat board', () => {
  const rows = (specs: Spec[], bestPerAgent = true) =>
    compatBoard(specs.map(entry), { order: 'desc', bestPerAgent, states: new Set(['valid', 'pending']) });
  it('ranks claims, pending beside valid, ties to the earlier stamp', () => {
    const { rows: ranked } = rows([
      { at: 1, claim: 100, state: 'valid' },
      { at: 2, claim: 150 },
      { at: 3, claim: 150 },
      { at: 4, agent: 'agent-1', claim: 90 },
    ]);
    expect(ranked.map((row) => [row.rank, row.agent, row.score])).toEqual([
      [1, 'agent-2', 150],
      [2, 'agent-3', 150],
      [3, 'agent-1', 100],
    ]);
  });
  it('C18: says why a result is not shown, first reason first', () => {
    const { excluded, considered } = rows([
      { at: 1, claim: 5, status: 'negative' },
      { at: 2, claim: 5, status: 'baseline' },
      { at: 3, claim: 0 },
      { at: 4, claim: 5, state: 'invalid' },
    ]);
    expect(considered).toBe(4);
    expect(excluded).toEqual({ status_negative: 1, malformed: 2, verification_invalid: 1 });
  });
});

describe('measured board', () => {
  it('V1: a pending row has no number and never pushes a valid one down', () => {
    const rows = board([
      { at: 1, claim: 100, state: 'valid' },
      { at: 2, claim: 999 },
      { at: 3, claim: 50, state: 'valid' },
    ]);
    expect(rows.map((row) => [row.agent, row.rank, row.provisional_rank])).toEqual([
      ['agent-2', null, 1],
      ['agent-1', 1, null],
      ['agent-3', 2, null],
    ]);
  });
  it("V1: an agent's valid row is never hidden by its pending one", () => {
    const [row, ...rest] = board([
      { at: 1, agent: 'a', claim: 100, state: 'valid' },
      { at: 2, agent: 'a', claim: 120 },
    ]);
    expect(rest).toEqual([]);
    expect(row).toMatchObject({ rank: 1, score: 100, pending_best: { score: 120, provisional_rank: 1 } });
  });
  it('what we measured ranks, the claim stands beside it', () => {
    const rows = board([
      { at: 1, claim: 500, state: 'valid', runs: [400] },
      { at: 2, claim: 410, state: 'valid', runs: [405, 411] },
    ]);
    expect(rows.map((row) => [row.agent, row.score, row.claimed, row.overclaim, row.verified_runs])).toEqual([
      ['agent-2', 408, 410, false, 2],
      ['agent-1', 400, 500, true, 1],
    ]);
  });
  it('posting the same content again pools, it does not draw again', () => {
    const once = { state: 'valid' as const, sha: 'same', claim: 100 };
    const rows = board([
      { at: 1, ...once, runs: [90] },
      { at: 2, ...once, runs: [110] },
      { at: 3, claim: 101, state: 'valid', sha: 'other', runs: [101] },
    ]);
    expect(rows.map((row) => [row.agent, row.score])).toEqual([
      ['agent-3', 101],
      ['agent-1', 100],
      ['agent-2', 100],
    ]);
  });
  it('V3: each division has its own board from the same runs', () => {
    const specs: Spec[] = [
      {
        at: 1,
        claim: 200,
        state: 'invalid',
        runs: [200],
        gates: [
          { id: 'audit', pass: false },
          { id: 'ppl', pass: true },
        ],
      },
      {
        at: 2,
        claim: 100,
        state: 'valid',
        runs: [100],
        gates: [
          { id: 'audit', pass: true },
          { id: 'ppl', pass: true },
        ],
      },
    ];
    expect(names(specs)).toEqual(['agent-2']);
    expect(names(specs, { division: { id: 'open', gates: ['ppl'] } })).toEqual(['agent-1', 'agent-2']);
  });
  it('first place needs the minimum improvement, the others do not', () => {
    const specs: Spec[] = [
      { at: 1, agent: 'x', claim: 100, state: 'valid' },
      { at: 2, agent: 'y', claim: 100.5, state: 'valid' },
      { at: 3, agent: 'x', claim: 100.4, state: 'valid' },
      { at: 4, agent: 'z', claim: 99, state: 'valid' },
      { at: 5, agent: 'w', claim: 100.9 },
    ];
    const rows = board(specs, { minImprovement: 0.01 });
    expect(rows.map((row) => [row.agent, row.rank ?? `(${row.provisional_rank})`])).toEqual([
      ['w', '(2)'],
      ['x', 1],
      ['y', 2],
      ['z', 3],
    ]);
    const taken = [...specs, { at: 6, agent: 'y', claim: 101, state: 'valid' as const }];
    expect(names(taken, { minImprovement: 0.01 })).toEqual(['y', 'w', 'x', 'z']);
  });
  it('lower is better with `asc`, zero and below are scores', () => {
    const specs: Spec[] = [
      { at: 1, claim: 0, state: 'valid' },
      { at: 2, claim: -3, state: 'valid' },
    ];
    expect(names(specs, { order: 'asc' })).toEqual(['agent-2', 'agent-1']);
  });
  it('equal scores: the earlier one stands first, in either direction', () => {
    const specs: Spec[] = [2, 1, 3].map((at) => ({ at, claim: 5, state: 'valid', runs: [7] }));
    for (const order of ['desc', 'asc'] as const)
      expect(
        board(specs, { order }).map((row) => [row.agent, row.rank, row.rank_low, row.rank_high]),
      ).toEqual([
        ['agent-1', 1, 1, 3],
        ['agent-2', 2, 1, 3],
        ['agent-3', 3, 1, 3],
      ]);
  });
  it('zero and below are no scores where the challenge says so', () => {
    const specs: Spec[] = [
      { at: 1, claim: 0, state: 'valid' },
      { at: 2, claim: 3, state: 'valid' },
    ];
    const { rows, excluded } = measuredBoard(specs.map(entry), { ...OPTIONS, allowNonPositive: false });
    expect([rows.map((row) => row.agent), excluded.malformed]).toEqual([['agent-2'], 1]);
  });
  it('groups by user', () => {
    const specs: Spec[] = [
      { at: 1, user: 'u', claim: 5, state: 'valid' },
      { at: 2, user: 'u', claim: 9, state: 'valid' },
      { at: 3, user: 'v', claim: 7, state: 'valid' },
    ];
    expect(names(specs, { groupBy: 'user' })).toEqual(['agent-2', 'agent-3']);
    expect(names(specs, { groupBy: 'none' })).toHaveLength(3);
  });
  it('overlapping intervals share their ranks', () => {
    const calibration = { machineRelSd: 0.01, passRelSd: 0 };
    const rows = board(
      [
        { at: 1, claim: 100, state: 'valid', runs: [100] },
        { at: 2, claim: 101, state: 'valid', runs: [101] },
        { at: 3, claim: 50, state: 'valid', runs: [50] },
      ],
      { calibration },
    );
    expect(rows.map((row) => [row.agent, row.rank_low, row.rank_high])).toEqual([
      ['agent-2', 1, 2],
      ['agent-1', 1, 2],
      ['agent-3', 3, 3],
    ]);
  });

  const spec = fc.record({
    at: fc.integer({ min: 0, max: 9999 }),
    agent: fc.constantFrom('a', 'b', 'c', 'd'),
    claim: fc.integer({ min: -50, max: 50 }),
    state: fc.constantFrom('valid', 'pending', 'queued', 'running') as fc.Arbitrary<VerificationState>,
    runs: fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 3 }),
    sha: fc.option(fc.constantFrom('s', 't'), { nil: undefined }),
  });
  const specs = fc.uniqueArray(spec, { selector: (each) => each.at, maxLength: 25 });

  it('invariants: every agent once, numbers 1..n for valid rows alone, intervals hold the rank', () => {
    fc.assert(
      fc.property(specs, fc.constantFrom('asc', 'desc') as fc.Arbitrary<'asc' | 'desc'>, (list, order) => {
        const rows = board(list, { order });
        expect(rows.map((row) => row.agent).sort()).toEqual(
          [...new Set(list.map((each) => each.agent))].sort(),
        );
        const ranked = rows.filter((row) => row.rank !== null);
        expect(ranked.map((row) => row.rank)).toEqual(ranked.map((_, at) => at + 1));
        for (const row of rows) expect(row.rank !== null).toBe(row.verification === 'valid');
        const bound = (row: { rank_low: number | null; rank_high: number | null }) =>
          (row.rank_low ?? 9) <= (row.rank_high ?? 0);
        expect(ranked.every(bound)).toBe(true);
        const sign = order === 'desc' ? -1 : 1;
        const scores = ranked.map((row) => row.score * sign);
        expect(scores).toEqual(scores.toSorted((a, b) => a - b));
      }),
    );
  });
  it('invariant: a pending claim changes no numbered rank', () => {
    fc.assert(
      fc.property(specs, spec, (list, extra) => {
        const numbers = (each: Spec[]) =>
          board(each)
            .filter((row) => row.rank)
            .map((row) => [row.rank, row.filename]);
        fc.pre(list.every((each) => each.at !== extra.at));
        expect(numbers([...list, { ...extra, state: 'pending' }])).toEqual(numbers(list));
      }),
    );
  });
  it('invariant: the order in which results are given does not matter', () => {
    fc.assert(
      fc.property(specs, fc.nat(24), (list, turn) => {
        const turned = [...list.slice(turn), ...list.slice(0, turn)];
        expect(board(turned, { minImprovement: 0.1 }).map((row) => [row.rank, row.filename])).toEqual(
          board(list, { minImprovement: 0.1 }).map((row) => [row.rank, row.filename]),
        );
      }),
    );
  });
});

describe('cost of a board', () => {
  it('P3: does not grow with the square of the record', async () => {
    const results = (count: number) =>
      Array.from({ length: count }, (_, at): Entry => {
        const state = at % 3 === 0 ? 'valid' : 'pending';
        const one = entry({ at: 1, claim: (at * 7919) % 10_007, state });
        return { ...one, filename: `${at}.md`, agent: `agent-${at % 100}` };
      });
    const timed = (entries: Entry[]) =>
      cpuMs(() =>
        expect(measuredBoard(entries, { ...OPTIONS, groupBy: 'none' }).rows).toHaveLength(entries.length),
      );
    const [small, large] = [results(1_000), results(10_000)];
    await timed(small);
    expect(await timed(large)).toBeLessThan(50 * Math.max(5, await timed(small)));
  });
});

describe('titleHolder', () => {
  const placed = (stamp: string, score: number) => ({
    stamp,
    value: { score },
    interval: [score, score] as const,
  });
  it('is the best score when nothing is demanded', () => {
    expect(titleHolder([placed('1', 5), placed('3', 9), placed('2', 9)], 'desc', 0)?.stamp).toBe('2');
    expect(titleHolder([], 'desc', 0)).toBeUndefined();
  });
  it('any gain over zero is an improvement', () => {
    expect(titleHolder([placed('1', 0), placed('2', 0.001)], 'desc', 0.5)?.stamp).toBe('2');
  });
});

describe('pool', () => {
  const place = { hub: 'local', flavor: 'cpu-basic' };
  const file = { ...place, mean: 500, machine_sd: 4.86, pass_sd: 0.056, passes: 4 };
  const calibration = readCalibration(JSON.stringify(file), place);
  it("V1: passes inside one job say nothing about machines (Gemma's figures)", () => {
    const one = pool([{ score: 500, passes: 4 }], calibration);
    expect(Math.sqrt(one?.variance ?? 0)).toBeCloseTo(4.86, 2);
    const four = pool(
      [500, 501, 499, 500].map((score) => ({ score, passes: 4 })),
      calibration,
    );
    expect(Math.sqrt(four?.variance ?? 0)).toBeCloseTo(4.86 / 2, 2);
    expect(four?.ci95?.[1]).toBeCloseTo(500 + 1.96 * 2.43, 1);
  });
  it('without calibration one job gives no interval, two use Student t', () => {
    expect(pool([{ score: 5, passes: 9 }], null)?.ci95).toBeNull();
    const [low, high] =
      pool(
        [
          { score: 4, passes: 1 },
          { score: 6, passes: 1 },
        ],
        null,
      )?.ci95 ?? [];
    expect([low, high]).toEqual([5 - 12.706, 5 + 12.706]);
    expect(pool([], calibration)).toBeNull();
  });
  it('V4: a re-run that is better is no fault; a lucky honest draw neither', () => {
    const estimate = pool([{ score: 500, passes: 4 }], calibration);
    const over = (claim: number) => estimate && isOverclaim(claim, estimate, 'desc', calibration, 0.05);
    expect([over(450), over(508), over(530)]).toEqual([false, false, true]);
  });
  it('few A/A runs count with their upper bound', () => {
    const careful = readCalibration(JSON.stringify({ ...file, relative_job_sd_upper: 0.02 }), place);
    expect(Math.sqrt(pool([{ score: 500, passes: 4 }], careful)?.variance ?? 0)).toBeCloseTo(10, 6);
  });
  it.each([
    ['nothing', {}],
    ['another hub', { ...file, hub: 'https://huggingface.co' }],
    ['another flavor', { ...file, flavor: 'a10g-small' }],
    ['a mean of zero', { ...file, mean: 0 }],
    ['a negative sd', { ...file, machine_sd: -1 }],
  ])('%s is no calibration', (_name, value) => {
    expect(readCalibration(JSON.stringify(value), place)).toBeNull();
  });
});
