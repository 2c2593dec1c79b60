import { verdictPath } from '@collab/contract/paths.ts';
import { describe, expect, it } from 'vitest';
import { headlineDivision, judgeGates, stateIn } from './divisions.ts';
import { humanEdits, readIndex, writeIndex } from './index-file.ts';
import { judge } from './judgement.ts';
import { readSummary } from './summary.ts';
import { readVerdict, type StampedVerdict, Verdict, writeVerdict } from './verdict.ts';

const RESULT = '20260601-100000-000_agent-1.md';
const stamp = (n: number) => `20260601-12000${n}-000`;

function verdict(n: number, over: Partial<StampedVerdict>): StampedVerdict {
  const base = {
    schema: 1,
    result: RESULT,
    state: 'valid',
    by: { kind: 'machine', id: 'verifier' },
    at: '2026-06-01T12:00:00.000Z',
    reason: 'r',
    gates: [],
  } as const;
  return { ...base, gates: [], stamp: stamp(n), ...over };
}
const human = { kind: 'human', id: 'organizer' } as const;
const fresh = (n: number, state: 'valid' | 'invalid') =>
  verdict(n, { state, measured: { score: 1, passes: 1, job_id: `j${n}`, fresh: true } });
const owner = { kind: 'owner', id: 'agent-1' } as const;

describe('judge', () => {
  const table: [string, StampedVerdict[], string][] = [
    ['nothing said', [], 'pending'],
    ['one machine verdict', [verdict(1, {})], 'valid'],
    ['the later machine verdict', [verdict(2, { state: 'invalid' }), verdict(1, {})], 'invalid'],
    ['a human before the machine', [verdict(1, { by: human, state: 'invalid' }), verdict(2, {})], 'invalid'],
    ['a human after the machine', [verdict(1, {}), verdict(2, { by: human, state: 'invalid' })], 'invalid'],
    ['the later human', [verdict(1, { by: human, state: 'invalid' }), verdict(2, { by: human })], 'valid'],
    [
      'a human hands it back',
      [verdict(1, { state: 'invalid' }), verdict(2, { by: human, state: 'pending' })],
      'pending',
    ],
    ['the machine after that', [verdict(1, { by: human, state: 'pending' }), verdict(2, {})], 'valid'],
    [
      'an appeal decides nothing',
      [verdict(1, { state: 'invalid' }), verdict(2, { by: owner, state: 'pending' })],
      'invalid',
    ],
    ['one fresh run against the one that qualified', [verdict(1, {}), fresh(2, 'invalid')], 'valid'],
    ['two against it', [verdict(1, {}), fresh(2, 'invalid'), fresh(3, 'invalid')], 'invalid'],
    [
      'two against two',
      [verdict(1, {}), ...[2, 3].map((n) => fresh(n, 'invalid')), fresh(4, 'valid')],
      'valid',
    ],
    [
      'a person, whatever fresh runs say',
      [verdict(1, {}), verdict(2, { by: human }), fresh(3, 'invalid'), fresh(4, 'invalid')],
      'valid',
    ],
    [
      'judged again by other gates, votes begin anew',
      [verdict(1, {}), fresh(2, 'valid'), { ...fresh(3, 'invalid'), rejudged: true }],
      'invalid',
    ],
  ];
  it.each(table)('C3, V8: %s', (_name, verdicts, state) => {
    expect(judge(verdicts).state).toBe(state);
  });

  it('V8: an appeal is open until somebody judged after it', () => {
    const appeal = verdict(2, { by: owner, state: 'pending' });
    expect(judge([verdict(1, { state: 'invalid' }), appeal]).appealed).toBe(true);
    expect(judge([appeal, verdict(3, { by: human })]).appealed).toBe(false);
  });

  it('counts a job once however often it was judged', () => {
    const run = { score: 1, passes: 2, job_id: 'j1' };
    const runs = judge([verdict(1, { measured: run }), verdict(2, { measured: run })]).runs;
    expect(runs).toEqual([run]);
  });
});

describe('verdict files', () => {
  it('round-trips and belongs to its path', () => {
    const { stamp: at, ...written } = verdict(1, { reason: 'passed' });
    const path = verdictPath(RESULT, at, 'verifier');
    expect(readVerdict(path, writeVerdict(Verdict.parse(written)))).toEqual({ ...written, stamp: at });
    expect(
      readVerdict(verdictPath('20260601-100000-001_agent-1.md', at, 'verifier'), writeVerdict(written)),
    ).toBeNull();
    expect(readVerdict(path, '{"state": "valid"}')).toBeNull();
    expect(readVerdict(path, 'not json')).toBeNull();
    expect(readVerdict('results/x.json', writeVerdict(written))).toBeNull();
  });
});

describe('verification_status.json', () => {
  const ours = new Map([
    ['a.md', 'pending'],
    ['b.md', 'valid'],
  ]);
  it('is written as the reference writes it', () => {
    expect(writeIndex(new Map([...ours].reverse()))).toBe('{\n  "a.md": "pending",\n  "b.md": "valid"\n}\n');
    expect(readIndex(writeIndex(ours))).toEqual(ours);
  });
  it.each([['[]'], ['null'], ['x'], ['3']])('%s is no index', (text) => {
    expect(readIndex(text)).toBeNull();
  });
  const edits: [string, [string, string][], object[]][] = [
    ['nothing changed', [...ours], []],
    [
      'set by a person',
      [
        ['a.md', 'invalid'],
        ['b.md', 'valid'],
      ],
      [{ result: 'a.md', state: 'invalid' }],
    ],
    [
      'reset by a person',
      [
        ['a.md', 'pending'],
        ['b.md', 'pending'],
      ],
      [{ result: 'b.md', state: 'pending' }],
    ],
    ['taken out by a person', [['a.md', 'pending']], [{ result: 'b.md', state: 'pending' }]],
    ['pending taken out', [['b.md', 'valid']], []],
    ['a new one', [...ours, ['c.md', 'valid']], [{ result: 'c.md', state: 'valid' }]],
  ];
  it.each(edits)('C3: %s', (_name, found, expected) => {
    expect(humanEdits(ours, new Map(found)).edits).toEqual(expected);
  });
  it('reports a state nobody knows', () => {
    expect(humanEdits(ours, new Map([...ours, ['c.md', 'banana']])).unknown).toEqual([
      { result: 'c.md', state: 'banana' },
    ]);
  });
});

describe('gates and divisions', () => {
  const gates = [{ id: 'ppl' }, { id: 'audit' }, { id: 'mmlu', when: 'champion' as const }];
  const lossless = { id: 'lossless', gates: ['audit', 'mmlu'], headline: true };
  const open = { id: 'open', gates: ['ppl'] };
  const passed = (id: string) => ({ id, pass: true });
  const failed = (id: string) => ({ id, pass: false, value: 0.7, limit: 0.97, op: '>=' });

  const table: [string, typeof open, object[], string, RegExp][] = [
    ['all pass', lossless, [passed('audit'), passed('mmlu')], 'valid', /audit/],
    [
      'one fails',
      lossless,
      [failed('audit'), passed('mmlu')],
      'invalid',
      /audit failed: 0.7 \(must be >= 0.97\)/,
    ],
    ['a gate of another division fails', open, [failed('audit'), passed('ppl')], 'valid', /ppl/],
    [
      'a gate that runs every time is absent',
      lossless,
      [passed('ppl')],
      'inconclusive',
      /did not report gate audit/,
    ],
    ['a champion gate is absent', lossless, [passed('audit')], 'valid', /./],
    ['a champion gate fails', lossless, [passed('audit'), failed('mmlu')], 'invalid', /mmlu/],
  ];
  it.each(table)('V3: %s', (_name, division, outcomes, state, reason) => {
    const verdict = judgeGates(division, gates, outcomes as never);
    expect(verdict.state).toBe(state);
    expect(verdict.reason).toMatch(reason);
  });

  it('the headline is the marked one, the first, or every gate', () => {
    expect(headlineDivision([open, lossless], gates).id).toBe('lossless');
    expect(headlineDivision([open], gates).id).toBe('open');
    expect(headlineDivision([], gates).gates).toEqual(['ppl', 'audit', 'mmlu']);
  });

  it('a result may stand in one division and not in another; a person decides for all', () => {
    const machine = judge([verdict(1, { state: 'invalid', gates: [passed('ppl'), failed('audit')] })]);
    expect([stateIn(lossless, gates, machine), stateIn(open, gates, machine)]).toEqual(['invalid', 'valid']);
    const overruled = judge([
      verdict(1, { gates: [passed('ppl')] }),
      verdict(2, { by: human, state: 'invalid' }),
    ]);
    expect(stateIn(open, gates, overruled)).toBe('invalid');
  });
});

describe('summary.json', () => {
  it('reads the whole of it', () => {
    const summary = readSummary(
      JSON.stringify({
        tps: 44,
        score: { mean: 43.9, sd: 0.1, runs: 3, unit: 'tokens/s' },
        gates: [{ id: 'audit', value: 0.99, limit: 0.97, op: '>=', pass: true }],
        provenance: { submission_sha256: 'ab', image: 'x' },
      }),
      'tps',
    );
    expect(summary?.measured).toEqual({ score: 43.9, sd: 0.1, passes: 3 });
    expect(summary?.gates[0]?.pass).toBe(true);
    expect(summary?.submissionSha256).toBe('ab');
  });
  it('reads the reference form, a lone field', () => {
    expect(readSummary('{"score": 44}', 'score')).toMatchObject({ measured: { score: 44, passes: 1 } });
    expect(readSummary('{"tps": 44, "ppl": 2.3}', 'tps')).toMatchObject({
      measured: { score: 44, passes: 1 },
    });
  });
  it('keeps the reason of a refusal', () => {
    expect(readSummary('{"error": {"message": "no manifest"}}', 'tps')).toMatchObject({
      error: 'no manifest',
    });
    expect(readSummary('{"error": "no manifest"}', 'tps')?.measured).toBeUndefined();
  });
  it.each([['[]'], ['nope'], ['{"gates": [{"id": "a"}]}'], ['{"score": {"mean": "high"}}']])(
    '%s is none',
    (text) => {
      expect(readSummary(text, 'tps')).toBeNull();
    },
  );
});
