import { describe, expect, it } from 'vitest';
import { rewritePaths } from './mounts.ts';

const MOUNTS = [
  { mountPath: '/state', localPath: '/L/1' },
  { mountPath: '/state/deep', localPath: '/L/2' },
  { mountPath: '/a.b', localPath: '/L/3' },
];

describe('rewritePaths', () => {
  it.each([
    ['/state', '/L/1'],
    ['/state/', '/L/1/'],
    ['/state/summary.json', '/L/1/summary.json'],
    ['/state/deep/x', '/L/2/x'],
    ['/state/deeper', '/L/1/deeper'],
    ['/stateful', '/stateful'],
    ['/home/state', '/home/state'],
    ['x/state', 'x/state'],
    ['--dir=/state', '--dir=/L/1'],
    ['cd "/state" && ls /state/deep;cat /state', 'cd "/L/1" && ls /L/2;cat /L/1'],
    ['/state:/state/deep', '/L/1:/L/2'],
    ['/a.b/c /axb', '/L/3/c /axb'],
    ['https://host/state', 'https://host/state'],
    ['', ''],
  ])('%s', (text, expected) => {
    expect(rewritePaths(text, MOUNTS)).toBe(expected);
  });

  it('leaves everything alone without mounts', () => {
    expect(rewritePaths('/state', [])).toBe('/state');
  });
});
