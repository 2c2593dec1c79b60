/** The rule of the published challenge: one run on private prompts, symmetric 5 %, and the claim ranks. */

import { measuredBoard } from '@collab/backend/domain/leaderboard/board.ts';
import { compatBoard } from '@collab/backend/domain/leaderboard/compat.ts';
import { decideCompat } from '@collab/backend/domain/verification/decide.ts';
import { CALIBRATED, job, RULES, SPEED, validEntry } from './author.ts';
import { mean, type Random } from './random.ts';

/** Assumed: so many honest submissions have a drafter tuned on prompts like the public ones. */
const TUNED = 0.5;
/** Measured: what private prompts cost those. */
const SHIFT = [0.024, 0.089] as const;
const TOLERANCE = 0.05;

/** Speed on public and on private prompts. */
interface Work {
  shown: number;
  real: number;
}

function honest(random: Random, speed = SPEED): Work {
  const [least, most] = SHIFT;
  const shift = random.uniform() < TUNED ? least + (most - least) * random.uniform() : 0;
  return { shown: speed, real: speed * (1 - shift) };
}

const claimOf = ({ shown }: Work, draws: number, random: Random) =>
  Math.max(...Array.from({ length: draws }, () => job(shown, random).score));

/** Perplexity is passed by all, as it was. */
function accepts(work: Work, claim: number, random: Random): boolean {
  const numbers = new Map([['tps', job(work.real, random).score]]);
  const summary = { gates: [], provenance: {}, numbers };
  const rules = { scoreField: 'tps', tolerance: TOLERANCE, guardField: '', guardCap: 0 };
  return decideCompat(summary, claim, rules)?.state === 'valid';
}

export function published(trials: number, random: Random) {
  const share = (event: () => boolean, count = trials) =>
    Array.from({ length: count }, event).filter(Boolean).length / count;
  const rejects = (draws: number) => () => {
    const work = honest(random);
    return !accepts(work, claimOf(work, draws, random), random);
  };
  const same = { shown: SPEED, real: SPEED };
  const slower = { shown: SPEED * 0.97, real: SPEED * 0.97 };
  return {
    rejected: share(rejects(1)),
    rejectedBestOf20: share(rejects(20)),
    lossyAccepted: share(() => accepts(same, claimOf(same, 1, random), random)),
    slowerAccepted: share(() => accepts(slower, claimOf(slower, 20, random), random)),
    gain: mean(Array.from({ length: trials / 20 }, () => bestClaim(same, random)).filter(Number.isFinite)),
  };
}

/** Board score over the true one after twenty posts: the best claim that was found valid. */
function bestClaim(work: Work, random: Random): number {
  const claims = Array.from({ length: 20 }, () => claimOf(work, 1, random));
  return Math.max(...claims.filter((claim) => accepts(work, claim, random))) / work.real - 1;
}

/** Of pairs that truly differ by 1 % or more: wrongly ordered by claims, by our intervals, and not told apart by those. */
export function rankErrors(trials: number, random: Random) {
  const found = { published: 0, ours: 0, tied: 0 };
  let pairs = 0;
  while (pairs < trials) {
    const works = [honest(random), honest(random, SPEED * (1.01 + 0.03 * random.uniform()))] as const;
    if (Math.abs(works[0].real / works[1].real - 1) < 0.01) continue;
    pairs++;
    const entries = works.map((work, at) => {
      const entry = validEntry(at, `user-${at}`, `content-${at}`, [job(work.real, random)]);
      return { ...entry, claimed: { score: claimOf(work, random.uniform() < 0.5 ? 1 : 20, random) } };
    });
    const better = works[0].real > works[1].real ? 'user-0' : 'user-1';
    const old = compatBoard(entries, { order: 'desc', bestPerAgent: true, states: RULES.states }).rows;
    const ours = measuredBoard(entries, { ...RULES, calibration: CALIBRATED }).rows;
    const first = ours.filter(({ rank_low, rank_high }) => rank_low === 1 && rank_high === 1);
    found.published += Number(old[0]?.agent !== better);
    found.tied += Number(first.length === 0);
    found.ours += Number(first.length > 0 && first[0]?.agent !== better);
  }
  return { published: found.published / pairs, ours: found.ours / pairs, tied: found.tied / pairs };
}
