import { describe, expect, it } from 'vitest';
import { href, parseRoute, titleOf } from './route.ts';

describe('route', () => {
  it.each([
    ['', 'overview', null],
    ['#/', 'overview', null],
    ['#/nothing/like/it', 'overview', null],
    ['#/leaderboard?division=open', 'leaderboard', null],
    ['#/results/20260601-120000-000_a.md', 'results', '20260601-120000-000_a.md'],
    ['#/agents/human-j%C3%B6', 'agents', 'human-jö'],
    ['#/agents/%E0%A4%A', 'agents', '%E0%A4%A'],
  ])('%s', (hash, view, id) => {
    expect(parseRoute(hash)).toMatchObject({ view, id });
  });
  it('comes back from its own address', () => {
    const made = parseRoute(href('results', 'a/b c?.md', { x: '1&2' }));
    expect(made).toEqual({ view: 'results', id: 'a/b c?.md', params: { x: '1&2' } });
  });
});

describe('titles', () => {
  it('say where one is and what waits', () => {
    const title = (hash: string, unread = 0) => titleOf(parseRoute(hash), 'Gemma', unread);
    expect([title('#/'), title('#/plots'), title('#/agents/bob', 2)]).toEqual([
      'Gemma',
      'Plots · Gemma',
      '(2) @bob · Gemma',
    ]);
  });
});
