import { describe, expect, it } from 'vitest';
import { formatBytes } from './format.ts';
import { bucketPath, factsOf, filePath, foldersOf, logsPath, plainText, runWords } from './result.ts';

describe('result', () => {
  it('never makes a link of what is no web address', () => {
    const facts = factsOf({
      a: 'javascript:alert(1)',
      b: 'https://x.example',
      c: ['1', { d: 2 }],
      agent: 'x',
    });
    expect(facts.ofAuthor).toEqual([
      { key: 'a', text: 'javascript:alert(1)', url: null },
      { key: 'b', text: 'https://x.example', url: 'https://x.example' },
      { key: 'c', text: '1', url: null },
      { key: 'c', text: '{"d":2}', url: null },
    ]);
  });
  it('what an author states is told apart from what the server set', () => {
    const { ofServer, ofAuthor } = factsOf({
      ...{ tps: 1, 'verified runs': 12, verdict: 'valid', record: 'another.md' },
      ...{ submission_files: 2, source_sha256: 'abc', idempotency: 'key' },
    });
    expect(ofAuthor.map((f) => f.key)).toEqual(['tps', 'verified runs', 'verdict', 'record']);
    expect(ofServer.map((f) => f.key)).toEqual(['submission_files', 'source_sha256']);
  });
  it.each([
    ['hf://buckets/o/b/runs/1/', { bucket: 'o/b', path: 'runs/1' }],
    ['artifacts/x_a', { bucket: 'o/main', path: 'artifacts/x_a' }],
    ['../x', null],
  ])('%s', (text, found) => {
    expect(bucketPath(text, 'o/main')).toEqual(found);
  });
});

describe('files of a result', () => {
  it('are folders of the central bucket that the server shows', () => {
    const snapshot = `submissions/${'a'.repeat(64)}`;
    const artifacts = [
      'artifacts/run_bob/',
      'hf://buckets/o/main/artifacts/two_bob',
      'artifacts/run_bob',
      'https://x.invalid/',
      7,
    ];
    expect(foldersOf({ submission_snapshot: snapshot, artifacts }, 'o/main')).toEqual([
      { label: 'Submission as it is judged', prefix: snapshot },
      { label: 'Artifacts', prefix: 'artifacts/run_bob' },
      { label: 'Artifacts', prefix: 'artifacts/two_bob' },
    ]);
    expect(
      foldersOf({ artifacts: ['../agents', 'artifacts/', 'hf://buckets/x/y/artifacts/z'] }, 'o/main'),
    ).toEqual([]);
    expect(filePath('artifacts/a b/50%#.txt')).toBe('/v1/files/artifacts/a%20b/50%25%23.txt');
  });
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1234, '1.2 kB'],
    [5e9, '5 GB'],
  ])('%d bytes', (bytes, words) => {
    expect(formatBytes(bytes).replace('\u00a0', ' ')).toBe(words);
  });
});

describe('logs', () => {
  it('are shown without what steers a terminal', () => {
    expect(plainText('\x1b[1;32mok\x1b[0m \x1b]0;title\x07<b>\x1bM x')).toBe('ok <b> x');
    expect(plainText(null)).toBeNull();
  });
  it('have names people understand', () => {
    expect(['benchmark', 'first', 'run-ab12'].map(runWords)).toEqual([
      'Benchmark',
      'Verification, first run',
      'Verification, run-ab12',
    ]);
    expect(logsPath('a/b.md', 'run 1')).toBe('/v1/results/a%2Fb.md/logs/run%201');
  });
});
