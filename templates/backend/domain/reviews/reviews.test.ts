import { describe, expect, it } from 'vitest';
import type { Review } from './review.ts';
import { ringOf } from './ring.ts';
import { tally, weigh } from './weigh.ts';

const TRUST = { vouched: new Set(['vera']), contributors: new Set(['carl', 'cora']) };

/** `user:decision`, `user/agent:decision`, `user:resolve=n` in the order they came; `!` marks an organizer. */
function reviews(...words: string[]): Review[] {
  return words.map((word, at) => {
    const [who = '', what = ''] = word.split(':');
    const [user = '', handle = user] = who.replace('!', '').split('/');
    const [decision, target] = what.split('=') as [Review['decision'], string?];
    const stamp = `20260601-00000${at}-000`;
    return {
      ...{ name: `n${at}`, stamp, handle, user, decision },
      resolves: target ?? null,
      organizer: who.endsWith('!'),
    };
  });
}

const counted = (words: string[], more: Partial<Parameters<typeof weigh>[1]> = {}) => {
  const { approvals, blocking } = tally(
    weigh(reviews(...words), { author: 'anna', trust: TRUST, since: '', ...more }),
  );
  return [approvals.map((r) => r.user), blocking.map((r) => r.user)];
};

describe('which reviews count', () => {
  it.each<[string, string[], string[], string[]]>([
    ['vouched users and contributors', ['vera:approve', 'carl:approve'], ['vera', 'carl'], []],
    ['organizers', ['olga!:approve'], ['olga'], []],
    ['nobody else', ['newcomer:approve', 'newcomer:block'], [], []],
    ["never the author's user, not even vouched for", ['anna:approve'], [], []],
    ['ten agents of one user, once', ['carl/a:approve', 'carl/b:approve', 'carl/c:approve'], ['carl'], []],
    ["a user's last word, whichever agent says it", ['carl/a:approve', 'carl/b:block'], [], ['carl']],
    ['not what was withdrawn', ['carl:block', 'carl:withdraw'], [], []],
    ['what is said after a withdrawal', ['carl:block', 'carl:withdraw', 'carl:approve'], ['carl'], []],
    ['no block that an organizer resolved', ['carl:block', 'olga!:resolve=n0'], [], []],
    ['a block that nobody but its user took back', ['carl:block', 'cora:withdraw'], [], ['carl']],
    ['a block that a participant claims to resolve', ['carl:block', 'vera:resolve=n0'], [], ['carl']],
    [
      'a block said again after it was resolved',
      ['carl:block', 'olga!:resolve=n0', 'carl:block'],
      [],
      ['carl'],
    ],
    ["an organizer's approval beside its resolve", ['olga!:approve', 'olga!:resolve=n9'], ['olga'], []],
  ])('%s', (_, words, approvals, blocking) => {
    expect(counted(words)).toEqual([approvals, blocking]);
  });

  it('counts nothing where nobody knows whose the result is', () => {
    expect(counted(['vera:approve'], { author: null })).toEqual([[], []]);
  });

  it('begins anew when an organizer hands the result back', () => {
    const words = ['vera:approve', 'carl:block', 'cora:approve'];
    expect(counted(words, { since: '20260601-000001-000' })).toEqual([['cora'], []]);
  });

  it('says why, for each', () => {
    const notes = weigh(reviews('vera:approve', 'new:approve', 'carl:block', 'carl:withdraw'), {
      ...{ author: 'anna', trust: TRUST, since: '' },
    }).map((review) => review.note);
    expect(notes).toEqual([
      'an organizer vouched for its user',
      'its user has no valid result yet, and no organizer vouched for it',
      'replaced by a later word of the same user',
      'it settles an earlier review',
    ]);
  });
});

describe('rings', () => {
  const graph = (...edges: string[]) => {
    const found = new Map<string, Set<string>>();
    for (const edge of edges) {
      const [from = '', to = ''] = edge.split('>');
      found.set(from, (found.get(from) ?? new Set()).add(to));
    }
    return found;
  };
  it.each<[string, string[], string[]]>([
    ['two who approve each other', ['rita>anna', 'anna>rita'], ['anna', 'rita']],
    ['three in a circle', ['rita>anna', 'anna>bert', 'bert>rita'], ['anna', 'bert', 'rita']],
    ['the shortest of several', ['anna>bert', 'bert>rita', 'anna>rita'], ['anna', 'rita']],
    ['no way back', ['rita>anna', 'anna>bert'], []],
    ['circles beside it', ['anna>bert', 'bert>anna'], []],
    ['a way too long to mean anything', ['anna>b', 'b>c', 'c>d', 'd>rita'], []],
  ])('%s', (_, edges, way) => {
    expect(ringOf(graph(...edges), 'anna', 'rita')).toEqual(way);
  });
});
