import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../../test/helpers/cpu.ts';
import { followRun, locate, pointerValues } from './pointer.ts';
import { readSnapshotRef, snapshotRef } from './snapshot.ts';
import { checkResult } from './validate.ts';

const RULES = {
  scoreField: 'tps',
  requiredFields: ['tps', 'method', 'status', 'description'],
  allowNonPositive: true,
};
const GOOD = { tps: 44.1, method: 'm', status: 'agent-run', description: 'd' };

describe('checkResult', () => {
  it('takes a good one', () => {
    expect(checkResult(GOOD, RULES)).toEqual({ ok: true, score: { score: 44.1 } });
    expect(checkResult({ ...GOOD, status: 'negative' }, RULES).ok).toBe(true);
    expect(checkResult({ ...GOOD, method: 3 }, RULES).ok).toBe(true);
  });
  it('C23: zero and below are scores, except in profile compat', () => {
    for (const tps of [0, -1]) {
      expect(checkResult({ ...GOOD, tps }, RULES).ok).toBe(true);
      expect(checkResult({ ...GOOD, tps }, { ...RULES, allowNonPositive: false }).ok).toBe(false);
    }
  });
  const refused: [string, object, string[]][] = [
    ['missing fields, all at once', { tps: 1 }, ['method', 'status', 'description']],
    ['an unknown status', { ...GOOD, status: 'baseline' }, ['status']],
    ['a blank text', { ...GOOD, method: ' ' }, ['method']],
    ['S17: a score that is no number', { ...GOOD, tps: Number.NaN }, ['tps']],
    ['S17: infinity', { ...GOOD, tps: Number.POSITIVE_INFINITY }, ['tps']],
    ['a score in quotes', { ...GOOD, tps: '44' }, ['tps']],
    ['null', { ...GOOD, tps: null }, ['tps']],
  ];
  it.each(refused)('refuses %s', (_name, frontmatter, paths) => {
    const check = checkResult(frontmatter as Record<string, unknown>, RULES);
    expect(!check.ok && check.problems.map((problem) => problem.path)).toEqual(paths);
  });
});

describe('pointers (S6)', () => {
  const owner = { agent: 'bob', bucket: 'org/slug-bob', centralBucket: 'org/slug-main-bucket' };
  const inside: [string, string, string][] = [
    ['submissions/v1', 'org/slug-bob', 'submissions/v1'],
    ['submissions/v1/', 'org/slug-bob', 'submissions/v1'],
    ['hf://buckets/org/slug-bob/submissions/v1', 'org/slug-bob', 'submissions/v1'],
    ['artifacts/fast_bob', 'org/slug-main-bucket', 'artifacts/fast_bob'],
    [
      'hf://buckets/org/slug-main-bucket/artifacts/fast_bob/x',
      'org/slug-main-bucket',
      'artifacts/fast_bob/x',
    ],
  ];
  it.each(inside)('%s leads on', (pointer, bucket, prefix) => {
    expect(locate(pointer, owner)).toEqual({ bucket, prefix });
  });
  const outside = [
    'hf://buckets/org/slug-alice/submissions/v1',
    'hf://buckets/org-admin/slug-audit/eval_dataset',
    'hf://buckets/org/slug-main-bucket/shared_resources',
    'artifacts/fast_alice',
    'artifacts/fast_notbob',
    'https://example.org/x',
    'submissions/../../slug-alice',
    '/submissions',
    '.bucket-sync-handshake',
    'a//b',
    'a\u0000b',
    '',
  ];
  it.each(outside)('%s leads nowhere', (pointer) => {
    expect(locate(pointer, owner)).toBeNull();
  });
  it('run files are followed inside the own bucket alone', () => {
    expect(followRun({ submission_prefix: 'submissions/v1' }, owner)?.prefix).toBe('submissions/v1');
    expect(followRun({ submission_prefix: 'x', submission_bucket: 'org/slug-alice' }, owner)).toBeNull();
    expect(followRun({ submission_prefix: '../x' }, owner)).toBeNull();
    expect(followRun([], owner)).toBeNull();
  });
  it('are read in order, cleaned of backticks, lists too', () => {
    const frontmatter = { artifacts: ['`a`', ' b '], submission: 'c', other: 'd' };
    expect(pointerValues(frontmatter)).toEqual(['c', 'a', 'b']);
    expect(pointerValues(frontmatter, true)).toEqual(['a', 'b', 'c']);
    expect(pointerValues({ artifacts: 3 })).toEqual([]);
  });
  it('few are tried, and none is too long to be a place: each costs a call, and blanks inside one cost time', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => `runs/${i}`);
    expect(pointerValues({ submission: many })).toEqual(many.slice(0, 10));
    const blank = `x${' '.repeat(60_000)}x`;
    const read = () => expect(pointerValues({ submission: [blank, 'a'] })).toEqual(['a']);
    expect(await cpuMs(read)).toBeLessThan(1_000);
  });
});

describe('snapshotRef', () => {
  const file = fc.record({
    path: fc.stringMatching(/^[a-z]{1,8}(\/[a-z.]{1,8})?$/),
    xetHash: fc.stringMatching(/^[0-9a-f]{8}$/),
    size: fc.nat(),
  });
  const files = fc.uniqueArray(file, { selector: (each) => each.path, maxLength: 8 });
  it('depends on content and names, not on the order of a listing', () => {
    fc.assert(
      fc.property(files, (list) => {
        expect(snapshotRef(list.toReversed())).toEqual(snapshotRef(list));
      }),
    );
  });
  it('changes with a byte, a name or a file', () => {
    const base = [{ path: 'a', xetHash: '00', size: 1 }];
    const ids = [
      base,
      [{ path: 'b', xetHash: '00', size: 1 }],
      [{ path: 'a', xetHash: '01', size: 1 }],
      [...base, { path: 'b', xetHash: '00', size: 1 }],
      [],
    ].map((list) => snapshotRef(list).id);
    expect(new Set(ids).size).toBe(5);
    expect(snapshotRef(base).path).toMatch(/^submissions\/[0-9a-f]{64}$/);
  });
  it('a result names only a snapshot of ours', () => {
    const path = snapshotRef([]).path;
    expect(readSnapshotRef({ submission_snapshot: path })).toBe(path);
    for (const submission_snapshot of [`${path}/x`, 'artifacts/x', 3, undefined])
      expect(readSnapshotRef({ submission_snapshot })).toBeNull();
  });
});
