import { describe, expect, it } from 'vitest';
import type { Entry } from '../leaderboard/row.ts';
import { freshCandidates } from './fresh.ts';

/**
 * `user content score[+fresh,fresh]`: a result of that content, the score of its first run, and those of fresh ones.
 * `user died`: a result whose run ended without a measurement.
 */
function entry(text: string, at: number): Entry {
  const [user = '', sha256 = '', scores = ''] = text.split(' ');
  const [first = '', fresh = ''] = scores.split('+');
  const run = (score: string, more = {}) => ({
    score: Number(score),
    passes: 1,
    job_id: `${text} ${score}`,
    ...more,
  });
  const again = fresh === '' ? [] : fresh.split(',').map((score) => run(score, { fresh: true }));
  const by = { kind: user.endsWith('!') ? ('human' as const) : ('machine' as const), id: 'v' };
  const decided = {
    ...{ schema: 1 as const, result: '', state: 'valid' as const, by },
    ...{ at: '', reason: '', gates: [] },
  };
  if (sha256 === 'died') return dead(user, at);
  return {
    ...{ filename: `n${at}`, stamp: `${at}`, agent: user, user, frontmatter: {}, malformed: false },
    claimed: { score: 1 },
    judgement: {
      state: 'valid',
      decided: { ...decided, stamp: '' },
      gates: [],
      runs: [run(first), ...again],
      sha256,
      appealed: false,
    },
    state: 'valid',
  };
}

function dead(user: string, at: number): Entry {
  const known = entry(`${user} x 1`, at);
  const decided = {
    ...known.judgement.decided,
    ...{ state: 'invalid', evidence: `run-${at}`, measured: null },
  } as Entry['judgement']['decided'];
  return {
    ...known,
    state: 'invalid',
    judgement: { ...known.judgement, state: 'invalid', decided, runs: [] },
  };
}

const chosen = (
  results: string[],
  shown: Record<string, number>,
  more: { runs?: number; topK?: number } = {},
) =>
  freshCandidates(results.map(entry), {
    ...{ order: 'desc', topK: 2, runs: 1, ranked: Object.values(shown).map((score) => ({ score })), ...more },
    scoreOf: (author) => (shown[author] === undefined ? undefined : { score: shown[author] }),
  }).map(({ filename }) => filename);

describe('which valid results get a fresh run', () => {
  it.each<[string, string[], Record<string, number>, { runs?: number; topK?: number }, string[]]>([
    ['the first of an author, in the top', ['a x 100'], { a: 100 }, {}, ['n0']],
    ['none where none are wanted', ['a x 100'], { a: 100 }, { runs: 0 }, []],
    ['none that has had its run', ['a x 100+99'], { a: 99 }, {}, []],
    ['none below the top', ['c x 90'], { a: 100, b: 95, c: 90 }, {}, []],
    ['the one that is better than its author’s row', ['a x 100+100', 'a y 101'], { a: 100 }, {}, ['n1']],
    ['not the one that is worse', ['a x 100+100', 'a y 99'], { a: 100 }, {}, []],
    ['one at a time for an author, the best', ['a x 100', 'a y 102', 'a z 101'], { a: 101 }, {}, ['n1']],
    ['a content posted twice, once', ['a x 101', 'a x 103'], { a: 102 }, {}, ['n0']],
    ['what was begun, though its first fresh run was poor', ['a x 105+90'], { a: 104 }, { runs: 2 }, ['n0']],
    ['nothing that a person judged', ['a! x 100'], { 'a!': 100 }, {}, []],
    ['none that has had its run, however others ended', ['b died', 'a x 100+99'], { a: 99 }, {}, []],
    ['one more for each run that ended unmeasured', ['a died', 'a x 100+99'], { a: 99 }, {}, ['n1']],
    ['and no more than that', ['a died', 'a x 100+99,98'], { a: 99 }, {}, []],
    ['of many such runs, four', Array(9).fill('a died').concat('a x 100+9,9,9,9'), { a: 9 }, {}, ['n9']],
    ['and then none', Array(9).fill('a died').concat('a x 100+9,9,9,9,9'), { a: 9 }, {}, []],
    ['several authors, one each', ['a x 100', 'b y 99'], { a: 100, b: 99 }, {}, ['n0', 'n1']],
  ])('%s', (_, results, shown, more, expected) => {
    expect(chosen(results, shown, more)).toEqual(expected);
  });
});
